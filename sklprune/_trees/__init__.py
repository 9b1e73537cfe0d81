"""Binary trees as arrays: traversals, decision paths, and checks of rebuilt models."""
