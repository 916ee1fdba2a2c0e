//! The head: embedding to one score per intent. Multinomial logistic regression, trained on the box.
//!
//! Scores are adjusted by the log of the class sizes (tau = 1), so that a new SOP with few examples stands
//! beside old ones with many (CLASSIFIER study §2). Uses nothing of the house; the same rows in the same
//! order give the same head on one CPU type.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

use super::lbfgs;

/// How strongly weights are pulled to zero, as the sum of losses one unit of squared weight is worth. The
/// study's C of 30.
const PENALTY: f64 = 1.0 / 30.0;
/// Steps of training; the loss is flat long before.
const STEPS: usize = 60;

#[derive(Debug, Clone)]
pub struct Head {
    /// classes × dimensions
    pub weights: Array2<f32>,
    pub bias: Array1<f32>,
    /// log(n_k / N), taken off the scores before they are compared.
    pub prior: Array1<f32>,
}

impl Head {
    /// Trains on `x` (rows × dimensions), labels `y` in 0..classes, each row counted `weight` times.
    #[expect(clippy::expect_used, reason = "the buffers are sized classes x width right here")]
    pub fn train(x: ArrayView2<'_, f32>, y: &[usize], weight: &[f32], classes: usize) -> Head {
        let (rows, dims) = x.dim();
        let width = dims + 1;
        let mut parameters = vec![0.0f32; classes * width];
        let total: f32 = weight.iter().sum::<f32>().max(1.0);
        lbfgs::minimise(&mut parameters, STEPS, 1e-5, |p, gradient| {
            let p = ArrayView2::from_shape((classes, width), p).expect("sized above");
            let (w, b) = (p.slice(ndarray::s![.., ..dims]), p.slice(ndarray::s![.., dims]));
            let mut errors = x.dot(&w.t());
            let mut loss = 0.0f64;
            for (i, mut row) in errors.axis_iter_mut(Axis(0)).enumerate() {
                row += &b;
                loss += f64::from(weight[i]) * f64::from(softmax_error(row.as_slice_mut(), y[i]));
                row *= weight[i] / total;
            }
            let pull = (PENALTY / f64::from(total)) as f32;
            let mut g = ndarray::ArrayViewMut2::from_shape((classes, width), gradient).expect("sized above");
            g.slice_mut(ndarray::s![.., ..dims]).assign(&errors.t().dot(&x));
            g.slice_mut(ndarray::s![.., ..dims]).scaled_add(pull, &w);
            g.slice_mut(ndarray::s![.., dims]).assign(&errors.sum_axis(Axis(0)));
            let size: f64 = w.iter().map(|v| f64::from(*v) * f64::from(*v)).sum();
            loss / f64::from(total) + 0.5 * f64::from(pull) * size
        });
        let p = Array2::from_shape_vec((classes, width), parameters).expect("sized above");
        let mut counts = vec![0.0f32; classes];
        for i in 0..rows {
            counts[y[i]] += weight[i];
        }
        Head {
            weights: p.slice(ndarray::s![.., ..dims]).to_owned(),
            bias: p.slice(ndarray::s![.., dims]).to_owned(),
            prior: counts.iter().map(|n| (n.max(0.5) / total).ln()).collect(),
        }
    }

    /// Raw scores, one per class: what "how far from everything known" is measured by.
    pub fn scores(&self, x: ArrayView1<'_, f32>) -> Array1<f32> {
        x.insert_axis(Axis(0)).dot(&self.weights.t()).remove_axis(Axis(0)) + &self.bias
    }
}

/// Turns a row of scores into probability minus truth, in place; returns the loss of the row.
fn softmax_error(row: Option<&mut [f32]>, truth: usize) -> f32 {
    let Some(row) = row else { return 0.0 };
    let top = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    let own = row[truth] - top;
    for v in row.iter_mut() {
        *v = (*v - top).exp();
        sum += *v;
    }
    row.iter_mut().for_each(|v| *v /= sum);
    row[truth] -= 1.0;
    sum.ln() - own
}

/// Probabilities of scores at temperature `t`.
pub fn softmax(scores: &[f32], t: f32) -> Vec<f32> {
    let top = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let exps: Vec<f32> = scores.iter().map(|s| ((s - top) / t).exp()).collect();
    let sum: f32 = exps.iter().sum();
    exps.into_iter().map(|e| e / sum).collect()
}

/// log of the sum of exponentials: the (negative) energy of the scores.
pub fn energy(scores: &[f32]) -> f32 {
    let top = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    top + scores.iter().map(|s| (s - top).exp()).sum::<f32>().ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blobs() -> (Array2<f32>, Vec<usize>) {
        let mut x = Array2::zeros((110, 3));
        let mut y = Vec::new();
        for i in 0..110 {
            let k = if i < 100 { i % 2 } else { 2 };
            x[[i, k]] = 1.0;
            x[[i, (k + 1) % 3]] = 0.03 * (i % 7) as f32;
            y.push(k);
        }
        (x, y)
    }

    #[test]
    fn separates_classes_also_the_rare_one() {
        let (x, y) = blobs();
        let head = Head::train(x.view(), &y, &vec![1.0; 110], 3);
        for (i, label) in y.iter().enumerate() {
            let s = head.scores(x.row(i)) - &head.prior;
            let best = (0..3).max_by(|a, b| s[*a].total_cmp(&s[*b])).unwrap();
            assert_eq!(best, *label, "row {i}: {s}");
        }
    }

    #[test]
    fn the_same_rows_give_the_same_head() {
        let (x, y) = blobs();
        let (a, b) = (Head::train(x.view(), &y, &[1.0; 110], 3), Head::train(x.view(), &y, &[1.0; 110], 3));
        assert_eq!(a.weights, b.weights);
        assert_eq!(a.bias, b.bias);
    }
}
