//! The tensor contract of Biotope and fast differentiable layers on candle
