"""The tables of a school folder: from rows of text to values of the domain, with every fault named."""
