//! What lists to choose from have in common: the place that arrow keys move, and steps among what a list shows. No drawing.

/// What the keyboard asks of a list while nothing else has its keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListKeys {
    /// Places to the right.
    pub across: isize,
    /// Rows down.
    pub down: isize,
    /// Plays the one at the cursor.
    pub enter: bool,
}

/// The place of the keyboard in a list, and what it moves among.
#[derive(Default)]
pub struct Cursor {
    at: Option<usize>,
    /// It was moved, and is to be brought into view.
    pub moved: bool,
}

impl Cursor {
    /// Where it is, once it was moved.
    pub fn at(&self) -> Option<usize> {
        self.at
    }

    /// Nowhere.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// To the first of `shown`: what is looked for has changed.
    pub fn to_first(&mut self, shown: &[usize]) {
        (self.at, self.moved) = (shown.first().copied(), true);
    }

    /// Moves among `shown`, in rows of `columns`, from where it is or else from what plays. The place that Enter chose.
    pub fn step(&mut self, keys: ListKeys, shown: &[usize], columns: usize, playing: Option<usize>) -> Option<usize> {
        self.moved |= keys.across != 0 || keys.down != 0;
        if keys.across != 0 || keys.down != 0 {
            let place = |of: Option<usize>| of.and_then(|of| shown.iter().position(|n| *n == of));
            let by = keys.across + keys.down * columns as isize;
            self.at = match place(self.at).or_else(|| place(playing)) {
                None => shown.first().copied(),
                Some(now) => match now.checked_add_signed(by) {
                    Some(to) if to < shown.len() => Some(shown[to]),
                    // A row that is not full ends the column; otherwise the ends are the ends.
                    _ if keys.across != 0 => Some(shown[now]),
                    _ if by > 0 && now / columns < (shown.len() - 1) / columns => shown.last().copied(),
                    _ => Some(shown[now]),
                },
            };
        }
        if keys.enter { self.at.filter(|at| shown.contains(at)) } else { None }
    }
}

/// The place so many on from `now` among `wanted`, ascending places of a list of `count`, round and round; among all where none is wanted.
pub fn step_among(wanted: &[usize], count: usize, now: Option<usize>, by: isize) -> Option<usize> {
    let all: Vec<usize>;
    let wanted = if wanted.is_empty() {
        all = (0..count).collect();
        &all
    } else {
        wanted
    };
    let length = wanted.len() as isize;
    if length == 0 {
        return None;
    }
    let Some(now) = now else { return wanted.first().copied() };
    let to = match wanted.binary_search(&now) {
        Ok(at) => at as isize + by,
        // Beside them: the first step goes to a neighbour.
        Err(after) => after as isize + if by > 0 { by - 1 } else { by },
    };
    Some(wanted[to.rem_euclid(length) as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_stays_in_the_list() {
        let mut cursor = Cursor::default();
        let shown = [3, 4, 5, 8, 9];
        let mut go = |across, down| {
            cursor.step(ListKeys { across, down, enter: false }, &shown, 3, Some(4));
            cursor.at()
        };
        assert_eq!(go(0, 0), None, "nowhere before it is moved");
        assert_eq!([go(1, 0), go(1, 0), go(-1, 0), go(0, 1)], [5, 8, 5, 9].map(Some));
        assert_eq!([go(0, 1), go(1, 0), go(0, -1), go(0, -1), go(-9, 0)], [9, 9, 4, 4, 4].map(Some));
        assert_eq!(cursor.step(ListKeys { enter: true, ..ListKeys::default() }, &shown, 3, None), Some(4));
        assert_eq!(cursor.step(ListKeys { enter: true, ..ListKeys::default() }, &[5], 3, None), None, "it is not shown");
        cursor.to_first(&[5]);
        assert_eq!(cursor.step(ListKeys { enter: true, ..ListKeys::default() }, &[5], 3, None), Some(5));
    }

    #[test]
    fn steps_go_round_among_what_is_wanted() {
        assert_eq!(step_among(&[2, 5, 7], 9, Some(5), 1), Some(7));
        assert_eq!(step_among(&[2, 5, 7], 9, Some(7), 1), Some(2));
        assert_eq!(step_among(&[2, 5, 7], 9, Some(3), 1), Some(5));
        assert_eq!(step_among(&[2, 5, 7], 9, Some(3), -1), Some(2));
        assert_eq!(step_among(&[2, 5, 7], 9, Some(8), 1), Some(2));
        assert_eq!(step_among(&[], 9, Some(0), -1), Some(8));
        assert_eq!((step_among(&[4], 9, None, 1), step_among(&[], 0, None, 1)), (Some(4), None));
    }
}
