"""Units of the Red Cross: the tree, its life cycle, its divisions."""
