//! The binary biotope: collect, curate, train, evaluate, bundle, predict, serve
