//! Minimises a smooth function: L-BFGS (Nocedal & Wright, *Numerical Optimization*, algorithm 7.5) with a
//! backtracking line search. Deterministic: same function and start, same end.

const MEMORY: usize = 8;
/// Share of the promised descent that a step must keep (Armijo).
const ARMIJO: f64 = 1e-4;

/// Walks from `x` downhill for at most `steps` steps; `f` fills the gradient and returns the value. Stops
/// early once a step improves the value by less than `tolerance` of it.
pub fn minimise(x: &mut [f32], steps: usize, tolerance: f64, mut f: impl FnMut(&[f32], &mut [f32]) -> f64) {
    let n = x.len();
    let mut gradient = vec![0.0; n];
    let mut value = f(x, &mut gradient);
    let mut history: Vec<Pair> = Vec::with_capacity(MEMORY);
    let mut candidate = vec![0.0; n];
    let mut new_gradient = vec![0.0; n];
    for step in 0..steps {
        let mut direction = direction(&gradient, &history);
        let mut slope = dot(&direction, &gradient);
        if slope >= 0.0 {
            history.clear();
            direction = gradient.iter().map(|g| -g).collect();
            slope = dot(&direction, &gradient);
        }
        if slope == 0.0 || !slope.is_finite() {
            return;
        }
        // The first step has no curvature to go by: a unit length is a safe guess.
        let mut t = if step == 0 { (1.0 / slope.abs().sqrt()).min(1.0) as f32 } else { 1.0 };
        let mut new_value = f64::INFINITY;
        let mut found = false;
        for _ in 0..20 {
            for i in 0..n {
                candidate[i] = x[i] + t * direction[i];
            }
            new_value = f(&candidate, &mut new_gradient);
            if new_value <= value + ARMIJO * f64::from(t) * slope {
                found = true;
                break;
            }
            t *= 0.4;
        }
        if !found {
            return;
        }
        let s: Vec<f32> = candidate.iter().zip(x.iter()).map(|(a, b)| a - b).collect();
        let y: Vec<f32> = new_gradient.iter().zip(&gradient).map(|(a, b)| a - b).collect();
        let sy = dot(&s, &y);
        if sy > 1e-12 {
            if history.len() == MEMORY {
                history.remove(0);
            }
            history.push(Pair { s, y, rho: 1.0 / sy });
        }
        x.copy_from_slice(&candidate);
        std::mem::swap(&mut gradient, &mut new_gradient);
        let gain = value - new_value;
        value = new_value;
        if gain <= tolerance * value.abs().max(1e-12) {
            return;
        }
    }
}

struct Pair {
    s: Vec<f32>,
    y: Vec<f32>,
    rho: f64,
}

/// The two-loop recursion: minus the inverse curvature times the gradient.
fn direction(gradient: &[f32], history: &[Pair]) -> Vec<f32> {
    let mut q: Vec<f32> = gradient.iter().map(|g| -g).collect();
    let mut alphas = Vec::with_capacity(history.len());
    for pair in history.iter().rev() {
        let alpha = pair.rho * dot(&pair.s, &q);
        add(&mut q, -alpha, &pair.y);
        alphas.push(alpha);
    }
    if let Some(last) = history.last() {
        let scale = (1.0 / (last.rho * dot(&last.y, &last.y))) as f32;
        q.iter_mut().for_each(|v| *v *= scale);
    }
    for (pair, alpha) in history.iter().zip(alphas.into_iter().rev()) {
        let beta = pair.rho * dot(&pair.y, &q);
        add(&mut q, alpha - beta, &pair.s);
    }
    q
}

fn add(to: &mut [f32], factor: f64, from: &[f32]) {
    let factor = factor as f32;
    to.iter_mut().zip(from).for_each(|(t, f)| *t += factor * f);
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_bottom_of_a_skewed_bowl() {
        let mut x = vec![5.0, -3.0, 2.0];
        minimise(&mut x, 100, 0.0, |x, g| {
            let scale = [1.0, 25.0, 100.0];
            for i in 0..3 {
                g[i] = 2.0 * scale[i] * (x[i] - i as f32);
            }
            (0..3).map(|i| f64::from(scale[i] * (x[i] - i as f32).powi(2))).sum()
        });
        for (i, v) in x.iter().enumerate() {
            assert!((v - i as f32).abs() < 1e-3, "{x:?}");
        }
    }
}
