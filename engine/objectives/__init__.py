"""What each goal's own fields begin with: one module per goal, each with `fill(draft, facts)`."""
