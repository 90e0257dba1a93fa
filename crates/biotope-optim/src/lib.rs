//! Update rules, learning-rate schedules and clipping for named parameters on candle
