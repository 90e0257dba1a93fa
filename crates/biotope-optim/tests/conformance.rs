//! What every entry of the registries must hold, and what the driver promises for each of them.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use biotope_core::{Component, Table};
use biotope_optim::{Error, Gradients, Optimizer, Span, build_rule, build_schedule, rules, schedules};
use candle_core::{Device, Tensor, Var};

const LEN: usize = 50_000; // several chunks

fn tensor(len: usize, salt: usize) -> Tensor {
    let values: Vec<f32> = (0..len).map(|i| ((i * 7919 + salt * 31) % 2003) as f32 * 1e-3 - 1.0).collect();
    Tensor::from_vec(values, (len / 10, 10), &Device::Cpu).unwrap()
}

fn made(rule: &str, len: usize) -> (Optimizer, Var) {
    let var = Var::from_tensor(&tensor(len, 1)).unwrap();
    (Optimizer::new(&Component::new(rule), vec![("w".to_owned(), var.clone())], &[]).unwrap(), var)
}

fn step(optimizer: &mut Optimizer, len: usize, salt: usize) {
    let mut grads = Gradients::new();
    grads.add("w", &tensor(len, salt)).unwrap();
    grads.clip(1.0).unwrap();
    optimizer.step(0.01, &grads).unwrap();
}

fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
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
        let (mut optimizer, var) = made(entry.name, 20);
        let before: f32 = values(&var).iter().map(|x| x * x).sum();
        for _ in 0..400 {
            let mut grads = Gradients::new();
            grads.add("w", &(var.as_tensor() * 2.0).unwrap().detach()).unwrap();
            optimizer.step(0.01, &grads).unwrap();
        }
        let after: f32 = values(&var).iter().map(|x| x * x).sum();
        assert!(after < 1e-3 * before, "{}: {before} {after}", entry.name);
    }
}

#[test]
fn every_rule_gives_the_same_bytes_on_one_thread_and_on_three() {
    for entry in rules().entries() {
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let (mut optimizer, var) = made(entry.name, LEN);
            pool.install(|| (2..5).for_each(|salt| step(&mut optimizer, LEN, salt)));
            values(&var)
        };
        assert_eq!(run(1), run(3), "{}", entry.name);
    }
}

#[test]
fn every_rule_goes_on_exactly_from_its_saved_state() {
    for entry in rules().entries() {
        let (mut straight, undisturbed) = made(entry.name, 40);
        (2..8).for_each(|salt| step(&mut straight, 40, salt));

        let (mut first, var) = made(entry.name, 40);
        (2..5).for_each(|salt| step(&mut first, 40, salt));
        let state = first.state().unwrap();
        let mut second =
            Optimizer::new(&Component::new(entry.name), vec![("w".to_owned(), var.clone())], &[]).unwrap();
        second.load_state(&state).unwrap();
        (5..8).for_each(|salt| step(&mut second, 40, salt));
        assert_eq!(values(&var), values(&undisturbed), "{}", entry.name);
    }
}

#[test]
fn rows_that_are_not_touched_stay_and_touched_rows_move_as_if_alone() {
    for entry in rules().entries() {
        let (mut sparse, table) = made(entry.name, 100);
        let rows = [2u32, 7];
        let pick =
            |tensor: &Tensor| tensor.index_select(&Tensor::new(&rows, &Device::Cpu).unwrap(), 0).unwrap();
        let alone = Var::from_tensor(&pick(&table)).unwrap();
        let mut dense =
            Optimizer::new(&Component::new(entry.name), vec![("w".to_owned(), alone.clone())], &[]).unwrap();
        for salt in 2..6 {
            let grad = tensor(20, salt);
            let (mut touched, mut whole) = (Gradients::new(), Gradients::new());
            touched.add_rows("w", &rows, &grad).unwrap();
            whole.add("w", &grad).unwrap();
            sparse.step(0.01, &touched).unwrap();
            dense.step(0.01, &whole).unwrap();
        }
        assert_eq!(values(&pick(&table)), values(&alone), "{}", entry.name);
        let (start, end) = (values(&tensor(100, 1)), values(&table));
        let moved: Vec<usize> =
            (0..10).filter(|row| start[row * 10..][..10] != end[row * 10..][..10]).collect();
        assert_eq!(moved, [2, 7], "{}", entry.name);
    }
}

#[test]
fn gradients_that_do_not_fit_change_nothing() {
    let (mut optimizer, var) = made("adamw", 40);
    let mut refuse = |grads: &Gradients| optimizer.step(0.1, grads).unwrap_err().to_string();
    let add = |name: &str, len| {
        let mut grads = Gradients::new();
        grads.add(name, &tensor(len, 1)).unwrap();
        grads
    };
    assert_eq!(refuse(&add("v", 40)), "gradient for an unknown parameter \"v\"");
    assert_eq!(refuse(&add("w", 20)), "gradient of \"w\" does not fit: expected [4, 10], got [2, 10]");
    let mut both = add("w", 40);
    both.add_rows("w", &[1, 2], &tensor(20, 1)).unwrap();
    assert_eq!(refuse(&both), "gradient of \"w\" does not fit: expected a dense gradient or rows, got both");
    let mut beyond = Gradients::new();
    beyond.add_rows("w", &[1, 4], &tensor(20, 1)).unwrap();
    assert_eq!(refuse(&beyond), "gradient of \"w\" does not fit: expected rows below 4, got row 4");
    assert_eq!(values(&var), values(&tensor(40, 1)));
}

#[test]
fn a_state_of_something_else_is_refused_with_advice() {
    let (optimizer, _) = made("adamw", 40);
    let state = optimizer.state().unwrap();
    let refuse = |rule: &str, len, state: &_| -> Error { made(rule, len).0.load_state(state).unwrap_err() };
    let error = refuse("adam", 40, &state);
    assert_eq!(error.to_string(), "optimizer state \"adam/exp_avg/w\": it is missing");
    assert_eq!(error.hint().unwrap(), "load the state with the rule and the model that saved it");
    let look = "optimizer state \"adamw/exp_avg/w\": expected F32 [2, 10], got F32 [4, 10]";
    assert_eq!(refuse("adamw", 20, &state).to_string(), look);
    let mut more = state.clone();
    more.insert("adamw/exp_avg/x".to_owned(), tensor(20, 1));
    let look = "optimizer state \"adamw/exp_avg/x\": it belongs to no parameter";
    assert_eq!(refuse("adamw", 40, &more).to_string(), look);
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
    let unknown = Component { name: "lion".to_owned(), options: Table::new() };
    let error = Optimizer::new(&unknown, Vec::new(), &[]).unwrap_err();
    assert_eq!(error.hint().unwrap(), "known: adam, adamw, momentum, sgd");
}
