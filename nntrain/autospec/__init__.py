"""From a data file to a commented spec: every guess carries its reason."""
