"""A picture of a deployed stack: its state is read into a model, laid out by arithmetic, and written as SVG."""
