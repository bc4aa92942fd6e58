"""The transfer engine: claims work, moves files, proves and reports them."""
