"""From a data file to a commented spec: every guess carries its reason. Knows nothing of networks or training."""
