"""From bytes to rows of text: what a file is, whether it may be read, and its cells as a person sees them."""
