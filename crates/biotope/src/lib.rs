//! From raw news pages to a classifier that is trained, measured, signed and served: the face of the Biotope workspace
