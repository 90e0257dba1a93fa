//! Union-find over positions: what is joined, directly or through others, has one root, the smallest of its members.

/// Everything by itself, at first.
#[derive(Debug)]
pub(crate) struct Union(Vec<u32>);

impl Union {
    pub(crate) fn new(count: usize) -> Self {
        Self((0..count as u32).collect())
    }

    pub(crate) fn root(&mut self, mut index: u32) -> u32 {
        let roots = &mut self.0;
        while roots[index as usize] != index {
            // Halves the way for whoever comes next.
            roots[index as usize] = roots[roots[index as usize] as usize];
            index = roots[index as usize];
        }
        index
    }

    pub(crate) fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b) as usize] = a.min(b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_joined_through_others_has_the_smallest_as_root() {
        let mut union = Union::new(6);
        for (a, b) in [(4, 5), (1, 4), (2, 3)] {
            union.join(a, b);
        }
        assert_eq!((0..6).map(|n| union.root(n)).collect::<Vec<_>>(), [0, 1, 2, 2, 1, 1]);
    }
}
