"""Changes of the hidden layers of a network: units and layers, removed or added."""
