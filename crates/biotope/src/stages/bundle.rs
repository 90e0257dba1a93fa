//! Pack what ships: the best weights, the steps that cleaned the training pages, the numbers, the lineage.
