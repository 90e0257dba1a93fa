//! What every entry of the registries must hold, and what the driver promises for each of them.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use biotope_core::{Component, Table};
use biotope_optim::{Error, Gradients, Optimizer, Place, Span, build_rule, build_schedule, rules, schedules};
use candle_core::{Device, Tensor, Var};

/// Several pieces, and matrices that are worth multiplying.
const LARGE: [usize; 2] = [250, 200];
const SMALL: [usize; 2] = [4, 10];

fn tensor(dims: [usize; 2], salt: usize) -> Tensor {
    let len = dims[0] * dims[1];
    let values: Vec<f32> = (0..len).map(|i| ((i * 7919 + salt * 31) % 2003) as f32 * 1e-3 - 1.0).collect();
    Tensor::from_vec(values, &dims, &Device::Cpu).unwrap()
}

fn optimizer(rule: &str, var: &Var) -> Optimizer {
    Optimizer::new(&Component::new(rule), vec![("w".to_owned(), var.clone())], &[]).unwrap()
}

fn made(rule: &str, dims: [usize; 2]) -> (Optimizer, Var) {
    let var = Var::from_tensor(&tensor(dims, 1)).unwrap();
    (optimizer(rule, &var), var)
}

fn step(optimizer: &mut Optimizer, dims: [usize; 2], salt: usize) {
    let mut grads = Gradients::new();
    grads.add("w", &tensor(dims, salt)).unwrap();
    grads.clip_value(0.9);
    grads.clip(1.0).unwrap();
    optimizer.step(0.01, &grads).unwrap();
}

fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn is_whole(rule: &str) -> bool {
    build_rule(&Component::new(rule)).unwrap().is_whole(Place { name: "w", dims: &SMALL })
}

#[test]
fn every_default_builds_and_survives_its_table() {
    for entry in rules().entries() {
        build_rule(&Component { name: entry.name.to_owned(), options: (entry.defaults)() }).unwrap();
    }
    for entry in schedules().entries() {
        let component = Component { name: entry.name.to_owned(), options: (entry.defaults)() };
        build_schedule(&component, Span { lr: 1.0, total: 1 }).unwrap();
    }
    let sorted = |names: Vec<&str>| names.is_sorted();
    assert!(sorted(rules().entries().iter().map(|e| e.name).collect()));
    assert!(sorted(schedules().entries().iter().map(|e| e.name).collect()));
}

#[test]
fn every_rule_goes_down_a_bowl() {
    for entry in rules().entries() {
        let (mut optimizer, var) = made(entry.name, SMALL);
        let before: f32 = values(&var).iter().map(|x| x * x).sum();
        for step in 0..400 {
            let mut grads = Gradients::new();
            grads.add("w", &(var.as_tensor() * 2.0).unwrap().detach()).unwrap();
            optimizer.step(0.2 * (1.0 - step as f64 / 400.0), &grads).unwrap();
        }
        let after: f32 = values(&var).iter().map(|x| x * x).sum();
        assert!(after < 1e-3 * before, "{}: {before} {after}", entry.name);
    }
}

#[test]
fn every_rule_gives_the_same_bytes_on_any_number_of_threads() {
    for entry in rules().entries() {
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let (mut optimizer, var) = made(entry.name, LARGE);
            pool.install(|| (2..5).for_each(|salt| step(&mut optimizer, LARGE, salt)));
            values(&var).into_iter().map(f32::to_bits).collect::<Vec<u32>>()
        };
        let one = run(1);
        assert!(one == run(2) && one == run(4), "{}", entry.name);
    }
}

#[test]
fn every_rule_goes_on_exactly_from_its_saved_state() {
    for entry in rules().entries() {
        let (mut straight, undisturbed) = made(entry.name, SMALL);
        (2..8).for_each(|salt| step(&mut straight, SMALL, salt));

        let (mut first, var) = made(entry.name, SMALL);
        (2..5).for_each(|salt| step(&mut first, SMALL, salt));
        let state = first.state().unwrap();
        let mut second = optimizer(entry.name, &var);
        second.load_state(&state).unwrap();
        for (name, tensor) in second.state().unwrap() {
            let same = if name.contains("/step/") {
                tensor.to_scalar::<i64>().unwrap() == state[&name].to_scalar::<i64>().unwrap()
            } else {
                tensor.dims() == state[&name].dims() && values(&tensor) == values(&state[&name])
            };
            assert!(same, "{name}");
        }
        (5..8).for_each(|salt| step(&mut second, SMALL, salt));
        assert_eq!(values(&var), values(&undisturbed), "{}", entry.name);
    }
}

#[test]
fn rows_that_are_not_touched_stay_and_touched_rows_move_as_if_alone() {
    for entry in rules().entries().iter().filter(|entry| !is_whole(entry.name)) {
        let (mut sparse, table) = made(entry.name, [10, 10]);
        let rows = [2u32, 7];
        let pick =
            |tensor: &Tensor| tensor.index_select(&Tensor::new(&rows, &Device::Cpu).unwrap(), 0).unwrap();
        let alone = Var::from_tensor(&pick(&table)).unwrap();
        let mut dense = optimizer(entry.name, &alone);
        for salt in 2..6 {
            let grad = tensor([2, 10], salt);
            let (mut touched, mut whole) = (Gradients::new(), Gradients::new());
            touched.add_rows("w", &rows, &grad).unwrap();
            whole.add("w", &grad).unwrap();
            sparse.step(0.01, &touched).unwrap();
            dense.step(0.01, &whole).unwrap();
        }
        assert_eq!(values(&pick(&table)), values(&alone), "{}", entry.name);
        let (start, end) = (values(&tensor([10, 10], 1)), values(&table));
        let moved: Vec<usize> =
            (0..10).filter(|row| start[row * 10..][..10] != end[row * 10..][..10]).collect();
        assert_eq!(moved, [2, 7], "{}", entry.name);
    }
}

#[test]
fn a_rule_that_needs_the_whole_takes_rows_as_a_table_with_zeros_elsewhere() {
    let whole: Vec<&str> =
        rules().entries().iter().map(|entry| entry.name).filter(|name| is_whole(name)).collect();
    assert_eq!(whole, ["adafactor", "lamb", "muon"]);
    for rule in whole {
        let ((mut sparse, table), (mut dense, same)) = (made(rule, SMALL), made(rule, SMALL));
        for salt in 2..6 {
            let grad = tensor([2, 10], salt);
            let (mut rows, mut all) = (Gradients::new(), Gradients::new());
            rows.add_rows("w", &[0, 3], &grad).unwrap();
            let zeros = Tensor::zeros((2, 10), candle_core::DType::F32, &Device::Cpu).unwrap();
            let (first, last) = (grad.narrow(0, 0, 1).unwrap(), grad.narrow(0, 1, 1).unwrap());
            all.add("w", &Tensor::cat(&[&first, &zeros, &last], 0).unwrap()).unwrap();
            rows.scale(0.5);
            all.scale(0.5);
            sparse.step(0.01, &rows).unwrap();
            dense.step(0.01, &all).unwrap();
        }
        assert_eq!(values(&table), values(&same), "{rule}");
    }
}

#[test]
fn gradients_that_do_not_fit_change_nothing() {
    let (mut optimizer, var) = made("adamw", SMALL);
    let mut refuse = |grads: &Gradients| optimizer.step(0.1, grads).unwrap_err().to_string();
    let add = |name: &str, dims| {
        let mut grads = Gradients::new();
        grads.add(name, &tensor(dims, 1)).unwrap();
        grads
    };
    assert_eq!(refuse(&add("v", SMALL)), "gradient for an unknown parameter \"v\"");
    assert_eq!(refuse(&add("w", [2, 10])), "gradient of \"w\" does not fit: expected [4, 10], got [2, 10]");
    let mut both = add("w", SMALL);
    both.add_rows("w", &[1, 2], &tensor([2, 10], 1)).unwrap();
    assert_eq!(refuse(&both), "gradient of \"w\" does not fit: expected a dense gradient or rows, got both");
    let mut beyond = Gradients::new();
    beyond.add_rows("w", &[1, 4], &tensor([2, 10], 1)).unwrap();
    assert_eq!(refuse(&beyond), "gradient of \"w\" does not fit: expected rows below 4, got row 4");
    assert_eq!(values(&var), values(&tensor(SMALL, 1)));
}

#[test]
fn a_state_of_something_else_is_refused_with_advice() {
    let (optimizer, _) = made("adamw", SMALL);
    let state = optimizer.state().unwrap();
    let refuse = |rule: &str, dims, state: &_| -> Error { made(rule, dims).0.load_state(state).unwrap_err() };
    let error = refuse("adam", SMALL, &state);
    assert_eq!(error.to_string(), "optimizer state \"adam/exp_avg/w\": it is missing");
    assert_eq!(error.hint().unwrap(), "load the state with the rule and the model that saved it");
    let look = "optimizer state \"adamw/exp_avg/w\": expected F32 [2, 10], got F32 [4, 10]";
    assert_eq!(refuse("adamw", [2, 10], &state).to_string(), look);
    let mut more = state.clone();
    more.insert("adamw/exp_avg/x".to_owned(), tensor([2, 10], 1));
    let look = "optimizer state \"adamw/exp_avg/x\": it belongs to no parameter";
    assert_eq!(refuse("adamw", SMALL, &more).to_string(), look);
}

#[test]
fn parameters_that_cannot_be_held_are_named() {
    let new = |params: Vec<(String, Var)>| {
        Optimizer::new(&Component::new("sgd"), params, &[]).unwrap_err().to_string()
    };
    let var = |dtype| Var::zeros(3, dtype, &Device::Cpu).unwrap();
    let half = vec![("w".to_owned(), var(candle_core::DType::F16))];
    assert_eq!(new(half), "parameter \"w\" cannot be optimised: it is F16, expected F32");
    let float = var(candle_core::DType::F32);
    let twice = vec![("w".to_owned(), float.clone()), ("w".to_owned(), float)];
    assert_eq!(new(twice), "parameter \"w\" cannot be optimised: the name occurs twice");
    let unknown = Component { name: "shampoo".to_owned(), options: Table::new() };
    let error = Optimizer::new(&unknown, Vec::new(), &[]).unwrap_err();
    assert_eq!(
        error.hint().unwrap(),
        "known: adafactor, adagrad, adam, adamw, amsgrad, lamb, lion, momentum, momentum-average, muon, nadam, nesterov, radam, rmsprop, sgd"
    );
}
