//! Learning on from a trained head: a changed SOP within a second, before the thorough training has been.
//!
//! Only the classes whose rows changed are fitted, against all rows, while what the others say stands still;
//! temperature, confidence, gate and alarm stay as they were checked. The thorough training follows and takes its place.

use ndarray::{Array1, Array2, ArrayView2, Axis, s};

use super::head::{Head, energy};
use super::lbfgs;
use super::train::{Data, Trained};
use super::young;

/// As in the head's own training.
const PENALTY: f32 = 1.0 / 30.0;
const STEPS: usize = 40;
/// Where more than one class in so many changed, everything is learnt anew.
const FEW: usize = 4;

/// Of each class now: which class of the head before it is, and whether it has the same rows.
pub type Known = Vec<(Option<usize>, bool)>;

/// Fits the changed classes; `None` where too much changed for that.
pub fn learn_on(before: &Trained, known: &Known, data: &Data<'_>) -> Option<Trained> {
    let changed: Vec<usize> = (0..known.len()).filter(|&k| known[k].0.is_none() || !known[k].1).collect();
    if changed.len() * FEW > known.len() {
        return None;
    }
    let dims = data.x.ncols();
    let low = before.head.bias.iter().copied().fold(f32::INFINITY, f32::min);
    let mut weights = Array2::zeros((known.len(), dims));
    let mut bias = Array1::from_elem(known.len(), low);
    for (k, (was, _)) in known.iter().enumerate() {
        if let Some(was) = was {
            weights.row_mut(k).assign(&before.head.weights.row(*was));
            bias[k] = before.head.bias[*was];
        }
    }
    if !changed.is_empty() {
        fit(&mut weights, &mut bias, &changed, data);
    }
    let mut weighed = vec![0.0f32; known.len()];
    data.y.iter().zip(data.weight).for_each(|(k, w)| weighed[*k] += w);
    let total: f32 = weighed.iter().sum::<f32>().max(1.0);
    let prior = weighed.iter().map(|n| (n.max(0.5) / total).ln()).collect();
    Some(Trained {
        head: Head { weights, bias, prior },
        counts: young::counts(data.y, data.classes),
        ..before.clone()
    })
}

/// Logistic regression over the rows of `changed` in `weights` and `bias` alone.
#[expect(clippy::expect_used, reason = "the buffers are sized changed x width right here")]
fn fit(weights: &mut Array2<f32>, bias: &mut Array1<f32>, changed: &[usize], data: &Data<'_>) {
    let (rows, dims) = data.x.dim();
    let (count, width) = (changed.len(), dims + 1);
    let still: Vec<usize> = (0..weights.nrows()).filter(|k| !changed.contains(k)).collect();
    let scores = data.x.dot(&weights.select(Axis(0), &still).t()) + bias.select(Axis(0), &still);
    // What the others say of a row, and what its own class says where that stands still.
    let others: Vec<f32> = scores.rows().into_iter().map(|r| energy(&r.to_vec())).collect();
    let place: Vec<Option<usize>> =
        (0..weights.nrows()).map(|k| changed.iter().position(|c| *c == k)).collect();
    let own_still: Vec<f32> = (0..rows)
        .map(|i| still.iter().position(|k| *k == data.y[i]).map_or(0.0, |at| scores[[i, at]]))
        .collect();
    let total: f32 = data.weight.iter().sum::<f32>().max(1.0);
    let pull = PENALTY / total;
    let mut parameters = vec![0.0f32; count * width];
    for (at, &k) in changed.iter().enumerate() {
        parameters[at * width..at * width + dims].copy_from_slice(&weights.row(k).to_vec());
        parameters[at * width + dims] = bias[k];
    }
    lbfgs::minimise(&mut parameters, STEPS, 1e-6, |p, gradient| {
        let p = ArrayView2::from_shape((count, width), p).expect("sized above");
        let (w, b) = (p.slice(s![.., ..dims]), p.slice(s![.., dims]));
        let mut errors = data.x.dot(&w.t());
        let mut loss = 0.0f64;
        for (i, mut row) in errors.axis_iter_mut(Axis(0)).enumerate() {
            row += &b;
            let top = row.iter().copied().fold(others[i], f32::max);
            let sum: f32 = row.iter().map(|v| (v - top).exp()).sum::<f32>() + (others[i] - top).exp();
            let all = top + sum.ln();
            let own = place[data.y[i]];
            let said = own.map_or(own_still[i], |at| row[at]);
            loss += f64::from(data.weight[i]) * f64::from(all - said);
            row.iter_mut().for_each(|v| *v = (*v - all).exp());
            if let Some(at) = own {
                row[at] -= 1.0;
            }
            row *= data.weight[i] / total;
        }
        let mut g = ndarray::ArrayViewMut2::from_shape((count, width), gradient).expect("sized above");
        g.slice_mut(s![.., ..dims]).assign(&errors.t().dot(&data.x));
        g.slice_mut(s![.., ..dims]).scaled_add(pull, &w);
        g.slice_mut(s![.., dims]).assign(&errors.sum_axis(Axis(0)));
        let size: f64 = w.iter().map(|v| f64::from(*v) * f64::from(*v)).sum();
        loss / f64::from(total) + 0.5 * f64::from(pull) * size
    });
    for (at, &k) in changed.iter().enumerate() {
        weights.row_mut(k).assign(&ndarray::ArrayView1::from(&parameters[at * width..at * width + dims]));
        bias[k] = parameters[at * width + dims];
    }
}

#[cfg(test)]
mod tests {
    use super::super::lexical::Features;
    use super::super::train;
    use super::*;

    fn rows(classes: usize) -> (Array2<f32>, Vec<usize>) {
        let n = 60 * (classes - 1) + 8;
        let mut x = Array2::zeros((n, 8));
        let y: Vec<usize> =
            (0..n).map(|i| if i < 60 * (classes - 1) { i % (classes - 1) } else { classes - 1 }).collect();
        for i in 0..n {
            x[[i, y[i]]] = 1.0;
            x[[i, (y[i] + 1 + i % 3) % 8]] = 0.05 * (i % 7) as f32;
            let length = x.row(i).dot(&x.row(i)).sqrt();
            x.row_mut(i).mapv_inplace(|v| v / length);
        }
        (x, y)
    }

    #[test]
    fn a_new_class_is_learnt_beside_the_others_and_they_keep_theirs() {
        let (x, y) = rows(5);
        let grams = vec![Features::new(); y.len()];
        let (weight, words, none) = (vec![1.0; y.len()], vec![Vec::new(); y.len()], vec![0.0; y.len()]);
        let of = |x: &Array2<f32>, y: &[usize], classes: usize, act: &mut dyn FnMut(&Data<'_>)| {
            act(&Data {
                x: x.view(),
                grams: &grams[..y.len()],
                vocabulary: 0,
                y,
                weight: &weight[..y.len()],
                classes,
                outside: None,
                danger: &vec![false; classes],
                words: &words[..y.len()],
                elsewhere: &none[..y.len()],
            });
        };
        let old = 240;
        let mut before = None;
        of(&x.slice(s![..old, ..]).to_owned(), &y[..old], 4, &mut |d| before = Some(train::train(d)));
        let before = before.unwrap();
        let known: Known =
            vec![(Some(0), true), (Some(1), true), (Some(2), true), (Some(3), true), (None, false)];
        let mut after = None;
        of(&x, &y, 5, &mut |d| after = Some(learn_on(&before, &known, d)));
        let after = after.unwrap().unwrap();
        assert_eq!(after.counts, [60, 60, 60, 60, 8]);
        assert_eq!(after.head.weights.row(2), before.head.weights.row(2));
        for (row, own) in x.rows().into_iter().zip(&y) {
            let scores = (after.head.scores(row) - &after.head.prior).to_vec();
            assert_eq!(train::argmax(&scores), *own, "{scores:?}");
        }
        let all_new: Known = vec![(None, false); 5];
        of(&x, &y, 5, &mut |d| assert!(learn_on(&before, &all_new, d).is_none(), "too much changed"));
    }
}
