"""Pictures: the painter, its training, and the eyes it is measured with."""
