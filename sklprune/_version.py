"""The version of sklprune."""

__version__ = "0.1.0"
