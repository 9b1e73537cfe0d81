"""The commands of `sklprune` on the command line: one file for each."""
