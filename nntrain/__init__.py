"""Train softmax, linear, SVM and multilayer-perceptron models with minibatch gradient descent, from one YAML file."""

__version__ = "0.1.0"
