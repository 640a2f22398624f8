"""The screens, one module each, with its style beside it."""
