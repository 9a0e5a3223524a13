//! Writes map files (MMDB) for tests: any layout, any record size, the same bytes from the same calls.

use std::collections::HashMap;
use std::net::IpAddr;

/// A value of the format.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Map(Vec<(&'static str, Value)>),
    List(Vec<Value>),
    Text(String),
    U16(u16),
    U32(u32),
    U64(u64),
    U128(u128),
    I32(i32),
    F64(f64),
    F32(f32),
    Bool(bool),
    Bytes(Vec<u8>),
}

pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

pub(crate) fn map<const N: usize>(entries: [(&'static str, Value); N]) -> Value {
    Value::Map(entries.into())
}

/// A file to be. IPv4 ranges in a file of version 6 lie under `::/96`.
#[derive(Clone, Debug)]
pub(crate) struct Mmdb {
    pub(crate) database_type: String,
    pub(crate) ip_version: u16,
    pub(crate) record_bits: u16,
    pub(crate) built: u64,
    /// Texts under `description`; real files may have none.
    pub(crate) description: Vec<(&'static str, Value)>,
    /// `::ffff:0:0/96` leads to the IPv4 part too.
    pub(crate) alias: bool,
    pub(crate) ranges: Vec<(Vec<bool>, Value)>,
}

#[derive(Clone, Copy)]
enum Record {
    Empty,
    Node(usize),
    Data(usize),
}

impl Mmdb {
    /// Version 6, records of 28 bits, built on 2026-11-01.
    pub(crate) fn new(database_type: &str) -> Self {
        Self {
            database_type: database_type.to_owned(),
            ip_version: 6,
            record_bits: 28,
            built: 1_793_491_200,
            description: vec![("en", text("made for tests"))],
            alias: false,
            ranges: Vec::new(),
        }
    }

    pub(crate) fn version(mut self, ip_version: u16) -> Self {
        self.ip_version = ip_version;
        self
    }

    pub(crate) fn bits(mut self, record_bits: u16) -> Self {
        self.record_bits = record_bits;
        self
    }

    pub(crate) fn built(mut self, seconds: u64) -> Self {
        self.built = seconds;
        self
    }

    /// `192.0.2.0/24` and what is known of it; insert general ranges before special ones.
    pub(crate) fn range(mut self, cidr: &str, value: Value) -> Self {
        let (address, prefix) = cidr.split_once('/').unwrap();
        let prefix: usize = prefix.parse().unwrap();
        let bits = |bytes: &[u8]| -> Vec<bool> {
            bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1)).collect()
        };
        let path = match address.parse().unwrap() {
            IpAddr::V4(v4) => {
                let mut path = vec![false; if self.ip_version == 6 { 96 } else { 0 }];
                path.extend(&bits(&v4.octets())[..prefix]);
                path
            }
            IpAddr::V6(v6) => bits(&v6.octets())[..prefix].to_vec(),
        };
        self.ranges.push((path, value));
        self
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut data = Encoder::default();
        let mut nodes = vec![[Record::Empty; 2]];
        for (path, value) in &self.ranges {
            let offset = data.value(value);
            insert(&mut nodes, path, Record::Data(offset));
        }
        if self.alias {
            let mut path = vec![false; 80];
            path.extend([true; 16]);
            let v4 = (0..96).try_fold(0, |node, _| match nodes[node][0] {
                Record::Node(next) => Some(next),
                _ => None,
            });
            insert(&mut nodes, &path, Record::Node(v4.expect("an alias needs IPv4 ranges")));
        }
        let mut file = Vec::new();
        for [left, right] in &nodes {
            let number = |record: &Record| match record {
                Record::Empty => nodes.len(),
                Record::Node(node) => *node,
                Record::Data(offset) => nodes.len() + 16 + offset,
            };
            file.extend(node(number(left) as u32, number(right) as u32, self.record_bits));
        }
        file.extend([0; 16]);
        file.extend(data.bytes);
        file.extend(b"\xab\xcd\xefMaxMind.com");
        file.extend(self.metadata(nodes.len()));
        file
    }

    fn metadata(&self, nodes: usize) -> Vec<u8> {
        let mut data = Encoder::default();
        data.value(&map([
            ("binary_format_major_version", Value::U16(2)),
            ("binary_format_minor_version", Value::U16(0)),
            ("build_epoch", Value::U64(self.built)),
            ("database_type", text(&self.database_type)),
            ("description", Value::Map(self.description.clone())),
            ("ip_version", Value::U16(self.ip_version)),
            ("languages", Value::List(Vec::new())),
            ("node_count", Value::U32(nodes as u32)),
            ("record_size", Value::U16(self.record_bits)),
        ]));
        data.bytes
    }
}

fn insert(nodes: &mut Vec<[Record; 2]>, path: &[bool], end: Record) {
    let (last, way) = path.split_last().expect("a range of at least one bit");
    let mut at = 0;
    for bit in way {
        let side = usize::from(*bit);
        at = match nodes[at][side] {
            Record::Node(next) => next,
            // A special range inside a general one: the general one covers both halves from here on.
            covered => {
                nodes.push([covered; 2]);
                let next = nodes.len() - 1;
                nodes[at][side] = Record::Node(next);
                next
            }
        };
    }
    nodes[at][usize::from(*last)] = end;
}

fn node(left: u32, right: u32, bits: u16) -> Vec<u8> {
    let (l, r) = (left.to_be_bytes(), right.to_be_bytes());
    match bits {
        24 => [&l[1..], &r[1..]].concat(),
        28 => [&l[1..], &[l[0] << 4 | r[0]], &r[1..]].concat(),
        _ => [l, r].concat(),
    }
}

/// The data section. Texts that were written before become pointers, as in real files.
#[derive(Default)]
struct Encoder {
    bytes: Vec<u8>,
    texts: HashMap<String, usize>,
}

impl Encoder {
    /// Returns where the value begins.
    fn value(&mut self, value: &Value) -> usize {
        let start = self.bytes.len();
        match value {
            Value::Text(text) => self.text(text),
            Value::Map(entries) => {
                self.head(7, entries.len());
                for (key, value) in entries {
                    self.text(key);
                    self.value(value);
                }
            }
            Value::List(items) => {
                self.head(11, items.len());
                for item in items {
                    self.value(item);
                }
            }
            Value::U16(number) => self.number(5, &number.to_be_bytes()),
            Value::U32(number) => self.number(6, &number.to_be_bytes()),
            Value::U64(number) => self.number(9, &number.to_be_bytes()),
            Value::U128(number) => self.number(10, &number.to_be_bytes()),
            Value::I32(number) => self.fixed(8, &number.to_be_bytes()),
            Value::F64(number) => self.fixed(3, &number.to_be_bytes()),
            Value::F32(number) => self.fixed(15, &number.to_be_bytes()),
            Value::Bytes(bytes) => self.fixed(4, bytes),
            Value::Bool(flag) => self.head(14, usize::from(*flag)),
        }
        start
    }

    fn text(&mut self, text: &str) {
        if let Some(at) = self.texts.get(text) {
            self.pointer(*at);
            return;
        }
        if text.len() > 3 {
            self.texts.insert(text.to_owned(), self.bytes.len());
        }
        self.fixed(2, text.as_bytes());
    }

    fn pointer(&mut self, at: usize) {
        match at {
            0..2_048 => self.bytes.extend([0b001 << 5 | (at >> 8) as u8, at as u8]),
            _ => {
                let rest = (at - 2_048) as u32;
                assert!(rest < 1 << 19, "larger files are not needed");
                let [_, high, middle, low] = rest.to_be_bytes();
                self.bytes.extend([0b001 << 5 | 1 << 3 | high, middle, low]);
            }
        }
    }

    fn fixed(&mut self, kind: u8, bytes: &[u8]) {
        self.head(kind, bytes.len());
        self.bytes.extend(bytes);
    }

    /// Without leading zeros.
    fn number(&mut self, kind: u8, bytes: &[u8]) {
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        self.fixed(kind, &bytes[zeros..]);
    }

    fn head(&mut self, kind: u8, size: usize) {
        let (short, more) = match size {
            0..29 => (size as u8, vec![]),
            29..285 => (29, vec![(size - 29) as u8]),
            _ => (30, ((size - 285) as u16).to_be_bytes().to_vec()),
        };
        if kind < 8 {
            self.bytes.push(kind << 5 | short);
        } else {
            self.bytes.extend([short, kind - 7]);
        }
        self.bytes.extend(more);
    }
}
