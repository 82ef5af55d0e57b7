//! Tables of a few points: straight lines between them, and beyond them the nearest. Any thread; never allocates.

/// The points of a table that `x` lies between, in the order of `at`, and how far from the first to the second, 0 to 1; the nearest twice where it lies beyond
/// all or is no number. None in an empty table.
pub fn place<T>(points: &[T], at: impl Fn(&T) -> f32, x: f32) -> Option<(&T, &T, f32)> {
    let above = points.partition_point(|point| at(point) <= x);
    match (above.checked_sub(1).and_then(|n| points.get(n)), points.get(above)) {
        (Some(low), Some(high)) => Some((low, high, (x - at(low)) / (at(high) - at(low)))),
        (Some(only), None) | (None, Some(only)) => Some((only, only, 0.0)),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_a_table_is_its_nearest_point() {
        let points = [(0.0, 'a'), (2.0, 'b'), (3.0, 'c')];
        let place = |x| place(&points, |p| p.0, x).map(|(low, high, t)| (low.1, high.1, t));
        assert_eq!([-1.0, f32::NAN].map(place), [Some(('a', 'a', 0.0)); 2]);
        assert_eq!([0.0, 0.5, 2.5].map(place), [('a', 'b', 0.0), ('a', 'b', 0.25), ('b', 'c', 0.5)].map(Some));
        assert_eq!([3.0, f32::INFINITY].map(place), [Some(('c', 'c', 0.0)); 2]);
        assert!(super::place(&[0.0; 0], |x| *x, 1.0).is_none());
    }
}
