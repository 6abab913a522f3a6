"""The comparison of nntrain with what people would use in its place. Not part of the package nntrain."""
