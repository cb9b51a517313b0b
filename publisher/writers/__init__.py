"""Writers: the closed set of nodes turned into text. One file per form."""
