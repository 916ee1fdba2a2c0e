//! Where the training phrases lie: how near a text is to anything known, and to the intent it seems to be.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

/// How fast a neighbour's say falls with distance: exp(20 (cosine - 1)).
const FALL: f32 = 20.0;

/// One of a phrase's numbers (-1..=1) times this, as a whole number. The square keeps a whole row's sum of
/// products (at most the product of two lengths, 1) inside 31 bits.
const SCALE: f32 = 32_767.0;

pub struct Index {
    /// rows × dimensions in 1/32767ths: half the memory of `f32`, a product in whole numbers that every
    /// processor sums alike, and a cosine right to 1e-4.
    phrases: Vec<i16>,
    dims: usize,
    labels: Vec<usize>,
    centroids: Array2<f32>,
}

/// Cosines of one text, -1..=1.
#[derive(Debug, Clone, Copy)]
pub struct Nearness {
    /// To the nearest phrase of all.
    pub nearest: f32,
    /// Label of that phrase.
    pub nearest_label: usize,
    /// Mean of the three nearest phrases of the predicted intent.
    pub own_three: f32,
    /// To the middle of the predicted intent.
    pub centroid: f32,
}

impl Index {
    pub fn new(phrases: Array2<f32>, labels: Vec<usize>, classes: usize) -> Index {
        let mut centroids = Array2::zeros((classes, phrases.ncols()));
        for (row, &k) in phrases.axis_iter(Axis(0)).zip(&labels) {
            let mut c = centroids.row_mut(k);
            c += &row;
        }
        for mut c in centroids.axis_iter_mut(Axis(0)) {
            let length = c.dot(&c).sqrt();
            if length > 0.0 {
                c /= length;
            }
        }
        let dims = phrases.ncols();
        Index { phrases: phrases.iter().map(|v| whole(*v)).collect(), dims, labels, centroids }
    }

    /// Cosines of one text to all phrases.
    pub fn cosines(&self, x: ArrayView1<'_, f32>) -> Array1<f32> {
        let x: Vec<i16> = x.iter().map(|v| whole(*v)).collect();
        self.phrases.chunks_exact(self.dims).map(|row| product(row, &x) as f32 / (SCALE * SCALE)).collect()
    }

    /// The class of the phrase that the text repeats word for word.
    pub fn verbatim(&self, cosines: ArrayView1<'_, f32>) -> Option<usize> {
        let top = cosines.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1))?;
        (top.1 > 0.9995).then(|| self.labels[top.0])
    }

    /// What the neighbours say: log of the summed nearness, per class.
    pub fn votes(&self, cosines: ArrayView1<'_, f32>) -> Vec<f32> {
        let mut votes = vec![1e-9f32; self.centroids.nrows()];
        for (&c, &label) in cosines.iter().zip(&self.labels) {
            votes[label] += (FALL * (c - 1.0)).exp();
        }
        votes.into_iter().map(f32::ln).collect()
    }

    /// Cosine to the nearest phrase of a class that is marked and to the nearest of another, -1..=1.
    pub fn nearest_of(&self, cosines: ArrayView1<'_, f32>, marked: impl Fn(usize) -> bool) -> (f32, f32) {
        let (mut of_marked, mut of_others) = (-1.0f32, -1.0f32);
        for (&c, &label) in cosines.iter().zip(&self.labels) {
            let nearest = if marked(label) { &mut of_marked } else { &mut of_others };
            *nearest = nearest.max(c);
        }
        (of_marked, of_others)
    }

    pub fn nearness(
        &self,
        cosines: ArrayView1<'_, f32>,
        x: ArrayView1<'_, f32>,
        predicted: usize,
    ) -> Nearness {
        let (mut nearest, mut nearest_label) = (-1.0f32, predicted);
        let mut own = [-1.0f32; 3];
        let mut found = 0;
        for (&c, &label) in cosines.iter().zip(&self.labels) {
            if c > nearest {
                (nearest, nearest_label) = (c, label);
            }
            if label == predicted {
                found += 1;
                if c > own[2] {
                    own[2] = c;
                    own.sort_unstable_by(|a, b| b.total_cmp(a));
                }
            }
        }
        let own_three = own.iter().take(found.clamp(1, 3)).sum::<f32>() / found.clamp(1, 3) as f32;
        Nearness { nearest, nearest_label, own_three, centroid: self.centroids.row(predicted).dot(&x) }
    }
}

fn whole(v: f32) -> i16 {
    (v.clamp(-1.0, 1.0) * SCALE).round() as i16
}

/// The sum of products; wide enough for rows of length 1 (see [`SCALE`]). In blocks of a fixed size, so that also
/// a build without loop optimisation (the tests') runs through thirteen thousand rows in milliseconds.
fn product(a: &[i16], b: &[i16]) -> i32 {
    const BLOCK: usize = 16;
    let ((a, rest_a), (b, rest_b)) = (a.as_chunks::<BLOCK>(), b.as_chunks::<BLOCK>());
    let mut sum = 0;
    for n in 0..a.len().min(b.len()) {
        let (a, b) = (&a[n], &b[n]);
        let mut i = 0;
        while i < BLOCK {
            sum += i32::from(a[i]) * i32::from(b[i]);
            i += 1;
        }
    }
    sum + rest_a.iter().zip(rest_b).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum::<i32>()
}

/// Groups rows that nearly repeat one another (cosine above `near`), so that no group is split between
/// training and checking. Returns a group number per row, numbered by first appearance.
pub fn groups(x: ArrayView2<'_, f32>, near: f32) -> Vec<usize> {
    const BLOCK: usize = 256;
    let rows = x.nrows();
    let mut parent: Vec<usize> = (0..rows).collect();
    for start in (0..rows).step_by(BLOCK) {
        let end = (start + BLOCK).min(rows);
        let cosines = x.slice(ndarray::s![start..end, ..]).dot(&x.slice(ndarray::s![..end, ..]).t());
        for ((i, j), &c) in cosines.indexed_iter() {
            if c > near && j < start + i {
                let (a, b) = (root(&mut parent, start + i), root(&mut parent, j));
                parent[a.max(b)] = a.min(b);
            }
        }
    }
    (0..rows).map(|i| root(&mut parent, i)).collect()
}

fn root(parent: &mut [usize], mut i: usize) -> usize {
    while parent[i] != i {
        parent[i] = parent[parent[i]];
        i = parent[i];
    }
    i
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn nearness_tells_own_intent_from_others() {
        let index = Index::new(array![[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]], vec![0, 1, 1], 2);
        let x = array![0.0, 1.0];
        let n = index.nearness(index.cosines(x.view()).view(), x.view(), 0);
        assert_eq!((n.nearest, n.nearest_label), (1.0, 1));
        assert_eq!((n.own_three, n.centroid), (0.0, 0.0));
    }

    #[test]
    fn cosines_in_whole_numbers_are_those_in_fractions() {
        let rows = 50;
        let mut phrases =
            Array2::from_shape_fn((rows, 384), |(i, j)| ((i * 37 + j * 101) % 97) as f32 - 48.0);
        for mut row in phrases.axis_iter_mut(Axis(0)) {
            let length = row.dot(&row).sqrt();
            row /= length;
        }
        let x = phrases.row(7).to_owned();
        let right = phrases.dot(&x);
        let index = Index::new(phrases, vec![0; rows], 1);
        let ours = index.cosines(x.view());
        for (a, b) in ours.iter().zip(&right) {
            assert!((a - b).abs() < 2e-4, "{a} {b}");
        }
        assert_eq!(index.verbatim(ours.view()), Some(0));
    }

    #[test]
    fn near_repeats_share_a_group() {
        let x = array![[1.0, 0.0], [0.0, 1.0], [0.999, 0.0447]];
        let g = groups(x.view(), 0.95);
        assert_eq!(g[0], g[2]);
        assert_ne!(g[0], g[1]);
    }
}
