"""Specialization of a script: what a run has decided is decided in the text. Imports nothing of ours.

`specialize` is the way in; `constants` folds one definition, `parameters` and `inlining` work across definitions.
"""
