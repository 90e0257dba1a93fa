//! Runs the programs' text on tiles in memory: for tests on machines that have none.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use super::{
    BF16_HIGH, BF16_LOW, Config, INT8_HIGH, INT8_LOW, Machine, Micro, NR, Registers, Session, Tile, kernel,
    run,
};
use crate::Precision;

thread_local! {
    static ON: Cell<bool> = const { Cell::new(false) };
    /// Rows and bytes per row of each tile, while they are configured.
    static SHAPES: RefCell<Option<Vec<[usize; 2]>>> = const { RefCell::new(None) };
}

/// Runs `work` with emulated tiles in place of the kernels for bf16 and int8.
pub(crate) fn emulated<T>(work: impl FnOnce() -> T) -> T {
    let before = ON.replace(true);
    let result = work();
    ON.set(before);
    result
}

/// The emulated kernel, within [`emulated`].
pub(crate) fn micro(precision: Precision) -> Option<Micro> {
    let session = Session { start: || (MACHINE.configure)(&Config::of(NR)), stop: MACHINE.release };
    (ON.get() && precision != Precision::F32).then(|| kernel(precision, [bf16, int8], Some(session)))
}

const MACHINE: Machine = Machine {
    configure: |config| {
        assert!(config.0[0] == 1, "palette 1");
        let shape = |tile: usize| [config.0[48 + tile] as usize, config.0[16 + 2 * tile] as usize];
        SHAPES.set(Some((0..8).map(shape).collect()));
    },
    release: || SHAPES.set(None),
};

/// # Safety
/// As `Run` says.
unsafe fn bf16(tile: &Tile) {
    // SAFETY: the caller's promise.
    unsafe { run(&MACHINE, tile, [|r| interpret(BF16_LOW, r), |r| interpret(BF16_HIGH, r)]) }
}

/// # Safety
/// As `Run` says.
unsafe fn int8(tile: &Tile) {
    // SAFETY: the caller's promise.
    unsafe { run(&MACHINE, tile, [|r| interpret(INT8_LOW, r), |r| interpret(INT8_HIGH, r)]) }
}

struct State {
    registers: HashMap<&'static str, usize>,
    tiles: [[[u32; 16]; 16]; 8],
    shapes: Vec<[usize; 2]>,
    zero: bool,
}

/// Runs a program line by line, as the processor's manual describes each instruction.
fn interpret(text: &'static [&'static str], r: Registers) {
    let names = ["a0", "a1", "sa", "b", "sb", "k", "c0", "c1", "sc", "add"];
    let values =
        [r.a0.addr(), r.a1.addr(), r.sa, r.b.addr(), r.sb, r.k, r.c0.addr(), r.c1.addr(), r.sc, r.add];
    let _ = [r.a0, r.a1, r.b].map(<*const u8>::expose_provenance);
    let _ = [r.c0, r.c1].map(<*mut u8>::expose_provenance);
    let mut state = State {
        registers: names.into_iter().zip(values).collect(),
        // What a program has not written is garbage.
        tiles: [[[0x7fc0_7fc0; 16]; 16]; 8],
        shapes: SHAPES.with_borrow(Clone::clone).expect("tiles are configured"),
        zero: false,
    };
    let mut line = 0;
    while let Some(text_line) = text.get(line) {
        line = state.step(text_line).map_or(line + 1, |label| target(text, line, label));
    }
}

/// Where a jump to `2f` or `2b` goes.
fn target(text: &[&str], from: usize, label: &str) -> usize {
    let (name, forward) = (format!("{}:", &label[..1]), label.ends_with('f'));
    let found = if forward {
        text[from..].iter().position(|line| *line == name).map(|at| from + at)
    } else {
        text[..from].iter().rposition(|line| *line == name)
    };
    found.expect("a jump has a target")
}

impl State {
    /// Runs a line; returns the label that it jumps to.
    fn step(&mut self, line: &'static str) -> Option<&'static str> {
        if line.ends_with(':') {
            return None;
        }
        let (name, rest) = line.split_once(' ').expect("an instruction has operands");
        let operands: Vec<&'static str> = rest.split(", ").collect();
        let tile =
            |at: usize| operands[at].strip_prefix("tmm").expect("a tile").parse::<usize>().expect("a number");
        match name {
            "test" => self.zero = self.register(operands[0]) == 0,
            "jz" => return self.zero.then_some(operands[0]),
            "jnz" => return (!self.zero).then_some(operands[0]),
            "jmp" => return Some(operands[0]),
            "add" => {
                self.change(operands[0], |value| value + operands[1].parse::<usize>().expect("a number"));
            }
            "dec" => self.change(operands[0], |value| value - 1),
            "tilezero" => self.tiles[tile(0)] = [[0; 16]; 16],
            "tileloadd" => self.load(tile(0), operands[1]),
            "tilestored" => self.store(operands[0], tile(1)),
            "tdpbf16ps" => self.dot(tile(0), tile(1), tile(2), bf16_dot),
            "tdpbusd" => self.dot(tile(0), tile(1), tile(2), int8_dot),
            _ => panic!("no such instruction: {line}"),
        }
        None
    }

    fn register(&self, name: &str) -> usize {
        self.registers[name.trim_matches(['{', '}'])]
    }

    fn change(&mut self, name: &'static str, to: impl Fn(usize) -> usize) {
        let value = to(self.register(name));
        self.zero = value == 0;
        self.registers.insert(name.trim_matches(['{', '}']), value);
    }

    /// Address of the first row and distance of rows of `[{base} + {stride}*1 + offset]`.
    fn place(&self, text: &str) -> (usize, usize) {
        let parts: Vec<&str> = text.trim_matches(['[', ']']).split(" + ").collect();
        let offset = parts.get(2).map_or(0, |offset| offset.parse().expect("a number"));
        let stride = parts[1].strip_suffix("*1").expect("a stride");
        (self.register(parts[0]) + offset, self.register(stride))
    }

    fn load(&mut self, tile: usize, place: &str) {
        let ((at, stride), [rows, bytes]) = (self.place(place), self.shapes[tile]);
        assert!(rows > 0, "tile {tile} has a shape");
        self.tiles[tile] = [[0; 16]; 16];
        for row in 0..rows {
            for word in 0..bytes / 4 {
                let from = std::ptr::with_exposed_provenance::<u32>(at + row * stride + 4 * word);
                // SAFETY: what the program's caller promised.
                self.tiles[tile][row][word] = unsafe { from.read_unaligned() };
            }
        }
    }

    fn store(&mut self, place: &str, tile: usize) {
        let ((at, stride), [rows, bytes]) = (self.place(place), self.shapes[tile]);
        assert!(rows > 0, "tile {tile} has a shape");
        for row in 0..rows {
            for word in 0..bytes / 4 {
                let to = std::ptr::with_exposed_provenance_mut::<u32>(at + row * stride + 4 * word);
                // SAFETY: what the program's caller promised.
                unsafe { to.write_unaligned(self.tiles[tile][row][word]) };
            }
        }
    }

    fn dot(&mut self, c: usize, a: usize, b: usize, dot: fn(u32, &[(u32, u32)]) -> u32) {
        let ([rows, _], [steps, bytes]) = (self.shapes[c], self.shapes[b]);
        assert!(self.shapes[a] == [rows, 4 * steps] && self.shapes[c][1] == bytes, "shapes of tiles fit");
        for row in 0..rows {
            for column in 0..bytes / 4 {
                let pairs: Vec<_> =
                    (0..steps).map(|step| (self.tiles[a][row][step], self.tiles[b][step][column])).collect();
                self.tiles[c][row][column] = dot(self.tiles[c][row][column], &pairs);
            }
        }
    }
}

/// Sums of even and of odd steps apart, then both.
fn bf16_dot(sum: u32, pairs: &[(u32, u32)]) -> u32 {
    let low = |word: u32| f32::from_bits(word << 16);
    let high = |word: u32| f32::from_bits(word & 0xffff_0000);
    let even = pairs.iter().fold(0f32, |sum, (a, b)| low(*a).mul_add(low(*b), sum));
    let odd = pairs.iter().fold(0f32, |sum, (a, b)| high(*a).mul_add(high(*b), sum));
    (f32::from_bits(sum) + (even + odd)).to_bits()
}

/// Unsigned bytes on the left, signed ones on the right.
fn int8_dot(sum: u32, pairs: &[(u32, u32)]) -> u32 {
    let dot = |sum: i32, (a, b): &(u32, u32)| {
        let products = a.to_le_bytes().into_iter().zip(b.to_le_bytes());
        sum.wrapping_add(products.map(|(a, b)| i32::from(a) * i32::from(b as i8)).sum())
    };
    pairs.iter().fold(sum as i32, dot) as u32
}
