//! The loop of steps.

use super::{Done, MAX_HEAP, Throw, Thrown, Vm};
use crate::ast::Binary;
use crate::code::{Code, Const, Conv, Op};
use crate::schema::ObjectInfo;
use crate::ty::Ty;
use crate::value::{Instance, Native, Rec, Value};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

/// A call under way.
pub(crate) struct Frame {
    pub method: u32,
    /// The next step.
    pub pc: usize,
    /// Where its variables begin on the stack.
    pub base: usize,
}

/// Where an exception goes.
pub(super) struct Handler {
    frame: usize,
    height: usize,
    pc: usize,
}

/// Calls within each other.
const MAX_DEPTH: u32 = 1000;
/// Methods that natives call, within each other: these are calls of this machine's own.
const MAX_NESTED: u32 = 24;
/// Steps that stand for the time that a transaction may take.
pub(crate) const MAX_STEPS: u64 = 200_000_000;

impl<'p> Vm<'p, '_> {
    /// Calls a method from outside of the loop: the receiver first, where it has one.
    pub(crate) fn invoke(&mut self, method: u32, args: Vec<Value>) -> Done<Value> {
        if self.nested >= MAX_NESTED {
            return Err(self.limit("Maximum stack depth reached: 1001".to_owned()));
        }
        let floor = self.frames.len();
        let height = self.stack.len();
        self.stack.extend(args);
        self.enter(method)?;
        self.nested += 1;
        let out = self.run(floor);
        self.nested -= 1;
        self.stack.truncate(height);
        out
    }

    /// Calls what an instance has under a selector.
    pub(crate) fn invoke_virtual(&mut self, instance: &Rc<Instance>, selector: &str, args: Vec<Value>) -> Done<Value> {
        let Some(method) = self.program.class_at(instance.class).table.get(selector).copied() else {
            return Err(self.exception("TypeException", format!("Method does not exist: {selector}")));
        };
        let mut all = vec![Value::Object(instance.clone())];
        all.extend(args);
        self.invoke(method, all)
    }

    /// Begins a call whose arguments are on the stack.
    fn enter(&mut self, id: u32) -> Done<()> {
        if self.frames.len() as u32 + self.outer_depth >= MAX_DEPTH {
            return Err(self.limit("Maximum stack depth reached: 1001".to_owned()));
        }
        let method = self.program.method_at(id);
        let args = method.params.len() + usize::from(!method.is_static);
        let base = self.stack.len().saturating_sub(args);
        if !method.is_static && self.stack.get(base).is_none_or(Value::is_null) {
            return Err(self.null_pointer());
        }
        self.stack.resize(base + (method.code.locals as usize).max(args), Value::Null);
        self.frames.push(Frame { method: id, pc: 0, base });
        Ok(())
    }

    fn pop(&mut self) -> Value {
        self.stack.pop().unwrap_or(Value::Null)
    }

    fn code(&self) -> (&'p Code, usize, usize) {
        let Some(frame) = self.frames.last() else { return (&self.program.method_at(0).code, 0, 0) };
        (&self.program.method_at(frame.method).code, frame.pc, frame.base)
    }

    /// Runs until only `floor` calls are under way; the value of the last that ended.
    fn run(&mut self, floor: usize) -> Done<Value> {
        loop {
            match self.steps_until(floor) {
                Ok(value) => return Ok(value),
                Err(thrown) => self.unwind(floor, thrown)?,
            }
        }
    }

    /// Finds who catches an exception.
    fn unwind(&mut self, floor: usize, thrown: Throw) -> Done<()> {
        let caught = match &*thrown {
            Thrown::Exception(value) => {
                self.mark(value);
                Some(value.clone())
            }
            Thrown::Fatal(_) => None,
        };
        while let Some(handler) = self.handlers.last() {
            if handler.frame < floor {
                break;
            }
            let (frame, height, pc) = (handler.frame, handler.height, handler.pc);
            self.handlers.pop();
            if let Some(value) = &caught {
                self.frames.truncate(frame + 1);
                self.stack.truncate(height);
                self.stack.push(value.clone());
                if let Some(frame) = self.frames.last_mut() {
                    frame.pc = pc;
                }
                return Ok(());
            }
        }
        self.frames.truncate(floor);
        Err(thrown)
    }

    fn steps_until(&mut self, floor: usize) -> Done<Value> {
        let (mut code, mut pc, mut base) = self.code();
        macro_rules! save {
            () => {
                if let Some(frame) = self.frames.last_mut() {
                    frame.pc = pc;
                }
            };
        }
        macro_rules! attempt {
            ($done:expr) => {
                match $done {
                    Ok(value) => value,
                    Err(thrown) => {
                        save!();
                        return Err(thrown);
                    }
                }
            };
        }
        loop {
            let Some(op) = code.ops.get(pc).copied() else { return Ok(Value::Null) };
            pc += 1;
            self.steps += 1;
            if self.steps > self.most_steps || self.steps >= self.clock_at {
                save!();
                self.spend(0)?;
            }
            match op {
                Op::Nop => {}
                Op::Const(at) => self.stack.push(match &code.consts[at as usize] {
                    Const::Str(text) => Value::Str(text.clone()),
                    Const::Long(n) => Value::Long(*n),
                    Const::Double(n) => Value::Double(*n),
                    Const::Decimal(n) => Value::Decimal(*n),
                }),
                Op::Null => self.stack.push(Value::Null),
                Op::Bool(value) => self.stack.push(Value::Bool(value)),
                Op::Int(value) => self.stack.push(Value::Int(value)),
                Op::Load(slot) => {
                    let value = self.stack[base + slot as usize].clone();
                    self.stack.push(value);
                }
                Op::Store(slot) => {
                    let value = self.pop();
                    self.stack[base + slot as usize] = value;
                }
                Op::Dup => {
                    let value = self.stack.last().cloned().unwrap_or(Value::Null);
                    self.stack.push(value);
                }
                Op::Dup2 => {
                    let at = self.stack.len() - 2;
                    let (a, b) = (self.stack[at].clone(), self.stack[at + 1].clone());
                    self.stack.push(a);
                    self.stack.push(b);
                }
                Op::Pop => {
                    self.stack.pop();
                }
                Op::GetField(slot) => match self.pop() {
                    Value::Object(instance) => {
                        let value = instance.fields.borrow()[slot as usize].clone();
                        self.stack.push(value);
                    }
                    _ => attempt!(Err(self.null_pointer())),
                },
                Op::SetField(slot) => {
                    let value = self.pop();
                    match self.pop() {
                        Value::Object(instance) => {
                            instance.fields.borrow_mut()[slot as usize] = value.clone();
                            self.stack.push(value);
                        }
                        _ => attempt!(Err(self.null_pointer())),
                    }
                }
                Op::GetStatic(class, slot) => {
                    let value = self.static_slot(class)[slot as usize].clone();
                    self.stack.push(value);
                }
                Op::SetStatic(class, slot) => {
                    let value = self.stack.last().cloned().unwrap_or(Value::Null);
                    self.static_slot(class)[slot as usize] = value;
                }
                Op::EnsureInit(class) => {
                    if let Some(init) = self.uninitialised(class) {
                        // Comes by here again, for the classes below.
                        pc -= 1;
                        save!();
                        self.enter(init)?;
                        (code, pc, base) = self.code();
                    }
                }
                Op::RecGet(object, field) => {
                    let record = self.pop();
                    let value = attempt!(self.record_get(&record, &code.objects[object as usize], field));
                    self.stack.push(value);
                }
                Op::RecSet(object, field) => {
                    let value = self.pop();
                    let record = self.pop();
                    attempt!(self.record_set(&record, &code.objects[object as usize], field, value.clone()));
                    self.stack.push(value);
                }
                Op::RecParent(object, field) => {
                    let record = self.pop();
                    let value = attempt!(self.record_parent(&record, &code.objects[object as usize], field));
                    self.stack.push(value);
                }
                Op::RecSetParent(object, field) => {
                    let value = self.pop();
                    let record = self.pop();
                    attempt!(self.record_set_parent(&record, &code.objects[object as usize], field, value.clone()));
                    self.stack.push(value);
                }
                Op::RecChildren(name) => {
                    let record = self.pop();
                    let name = text(code, name);
                    let value = attempt!(self.record_children(&record, &name));
                    self.stack.push(value);
                }
                Op::RecNamed(name) => {
                    let record = self.pop();
                    let name = text(code, name);
                    let value = attempt!(self.record_named(&record, &name));
                    self.stack.push(value);
                }
                Op::Index => {
                    let at = self.pop();
                    let list = self.pop();
                    let value = attempt!(self.list_get(&list, &at));
                    self.stack.push(value);
                }
                Op::SetIndex => {
                    let value = self.pop();
                    let at = self.pop();
                    let list = self.pop();
                    attempt!(self.list_set(&list, &at, value.clone()));
                    self.stack.push(value);
                }
                Op::Arith(op, num) => {
                    let right = self.pop();
                    let left = self.pop();
                    let value = match (op, num, &left, &right) {
                        (Binary::Add, crate::code::Num::Int, Value::Int(a), Value::Int(b)) => Value::Int(a.wrapping_add(*b)),
                        (Binary::Subtract, crate::code::Num::Int, Value::Int(a), Value::Int(b)) => Value::Int(a.wrapping_sub(*b)),
                        _ => attempt!(self.arith(op, num, left, right)),
                    };
                    self.stack.push(value);
                }
                Op::Negate => {
                    let value = self.pop();
                    let value = attempt!(self.negate(value));
                    self.stack.push(value);
                }
                Op::Complement => {
                    let value = match self.pop() {
                        Value::Int(n) => Value::Int(!n),
                        Value::Long(n) => Value::Long(!n),
                        _ => attempt!(Err(self.null_pointer())),
                    };
                    self.stack.push(value);
                }
                Op::Not => {
                    let value = match self.pop() {
                        Value::Bool(value) => Value::Bool(!value),
                        _ => attempt!(Err(self.null_pointer())),
                    };
                    self.stack.push(value);
                }
                Op::Concat => {
                    let right = self.pop();
                    let left = self.pop();
                    save!();
                    let mut out = self.shown(&left)?;
                    out.push_str(&self.shown(&right)?);
                    self.grown(out.len())?;
                    self.in_time()?;
                    self.stack.push(Value::Str(out.into()));
                }
                Op::Compare(op) => {
                    let right = self.pop();
                    let left = self.pop();
                    save!();
                    let value = self.compare_by(op, &left, &right)?;
                    self.stack.push(Value::Bool(value));
                }
                Op::SameCase => {
                    let right = self.pop();
                    let left = self.pop();
                    save!();
                    let value = self.equal(&left, &right)?;
                    self.stack.push(Value::Bool(value));
                }
                Op::Convert(conv) => {
                    let value = self.pop();
                    let value = attempt!(self.convert(conv, value));
                    self.stack.push(value);
                }
                Op::Jump(to) => pc = to as usize,
                Op::JumpIfFalse(to) => match self.pop() {
                    Value::Bool(true) => {}
                    Value::Bool(false) => pc = to as usize,
                    _ => attempt!(Err(self.null_pointer())),
                },
                Op::JumpIfTrue(to) => match self.pop() {
                    Value::Bool(false) => {}
                    Value::Bool(true) => pc = to as usize,
                    _ => attempt!(Err(self.null_pointer())),
                },
                Op::JumpIfNull(to) => {
                    if self.stack.last().is_none_or(Value::is_null) {
                        pc = to as usize;
                    }
                }
                Op::JumpIfSome(to) => {
                    if self.stack.last().is_none_or(Value::is_null) {
                        self.stack.pop();
                    } else {
                        pc = to as usize;
                    }
                }
                Op::Call(method) => {
                    save!();
                    self.enter(method)?;
                    (code, pc, base) = self.code();
                }
                Op::CallVirtual(selector, args) => {
                    save!();
                    let at = self.stack.len() - 1 - args as usize;
                    let Value::Object(instance) = &self.stack[at] else {
                        let receiver = self.stack[at].clone();
                        if receiver.is_null() {
                            return Err(self.null_pointer());
                        }
                        // A collection as what can be walked, its iterator as one of the program's.
                        let args = self.stack.split_off(at + 1);
                        self.stack.pop();
                        let value = self.collection_call(&receiver, &text(code, selector), args)?;
                        self.stack.push(value);
                        continue;
                    };
                    let selector = text(code, selector);
                    let Some(method) = self.program.class_at(instance.class).table.get(&selector).copied() else {
                        return Err(self.exception("TypeException", format!("Method does not exist: {selector}")));
                    };
                    self.enter(method)?;
                    (code, pc, base) = self.code();
                }
                Op::CallNative(id, args) => {
                    save!();
                    let native = crate::library::registry().native(id);
                    let at = self.stack.len() - args as usize;
                    let args = self.stack.split_off(at);
                    if !native.is_static && args.first().is_none_or(Value::is_null) {
                        return Err(self.null_pointer());
                    }
                    let value = (native.run)(self, args)?;
                    self.made(&value)?;
                    if native.returns != Ty::Void {
                        self.stack.push(value);
                    }
                }
                Op::New(class) => {
                    save!();
                    let value = self.instance(class);
                    self.grown(64)?;
                    self.stack.push(value);
                }
                Op::NewRecord(object) => {
                    save!();
                    self.grown(64)?;
                    let record = Rec::new(code.objects[object as usize].clone());
                    self.stack.push(Value::Record(Rc::new(record)));
                }
                Op::NewList(ty, count) => {
                    save!();
                    let items = self.stack.split_off(self.stack.len() - count as usize);
                    self.grown(32 + items.len() * 16)?;
                    let value = match &code.types[ty as usize] {
                        Ty::List(of) => Value::list((**of).clone(), items),
                        Ty::Set(of) => self.set_of((**of).clone(), items)?,
                        _ => Value::Null,
                    };
                    self.stack.push(value);
                }
                Op::NewMap(ty, count) => {
                    save!();
                    let items = self.stack.split_off(self.stack.len() - count as usize * 2);
                    self.grown(32 + items.len() * 16)?;
                    let Ty::Map(of) = &code.types[ty as usize] else { return Ok(Value::Null) };
                    let value = self.map_of(of.0.clone(), of.1.clone(), items)?;
                    self.stack.push(value);
                }
                Op::NewSized(ty) => {
                    save!();
                    let size = match self.pop() {
                        Value::Int(n) if n >= 0 => n as usize,
                        Value::Int(n) => return Err(self.exception("ListException", format!("Size is out of bounds: {n}"))),
                        _ => return Err(self.null_pointer()),
                    };
                    self.grown(size.saturating_mul(16))?;
                    let Ty::List(of) = &code.types[ty as usize] else { return Ok(Value::Null) };
                    self.stack.push(Value::list((**of).clone(), vec![Value::Null; size]));
                }
                Op::Cast(ty) => {
                    let value = self.pop();
                    let value = attempt!(self.cast(value, &code.types[ty as usize]));
                    self.stack.push(value);
                }
                Op::InstanceOf(ty) => {
                    let value = self.pop();
                    let is = self.is_a(&value, &code.types[ty as usize]);
                    self.stack.push(Value::Bool(is));
                }
                Op::TypeOf(ty) => self.stack.push(Value::native(Native::Type(code.types[ty as usize].clone()))),
                Op::ObjectToken(at) => self.stack.push(Value::native(Native::ObjectType(object(code, at)))),
                Op::FieldToken(at, field) => self.stack.push(Value::native(Native::Field(object(code, at), field as usize))),
                Op::ObjectDescribe(at) => self.stack.push(Value::native(Native::DescribeObject(object(code, at)))),
                Op::FieldDescribe(at, field) => self.stack.push(Value::native(Native::DescribeField(object(code, at), field as usize))),
                Op::Fields(at) => self.stack.push(Value::native(Native::Fields(object(code, at)))),
                Op::EnumValue(class, at) => self.stack.push(Value::Enum(class, at)),
                Op::Return | Op::ReturnVoid => {
                    let value = if op == Op::Return { Some(self.pop()) } else { None };
                    self.stack.truncate(base);
                    self.frames.pop();
                    if self.frames.len() <= floor {
                        return Ok(value.unwrap_or(Value::Null));
                    }
                    self.stack.extend(value);
                    (code, pc, base) = self.code();
                }
                Op::Throw => {
                    let value = self.pop();
                    save!();
                    if value.is_null() {
                        return Err(self.null_pointer());
                    }
                    return Err(Box::new(Thrown::Exception(value)));
                }
                Op::TryPush(to) => {
                    self.handlers.push(Handler { frame: self.frames.len() - 1, height: self.stack.len(), pc: to as usize });
                }
                Op::TryPop => {
                    self.handlers.pop();
                }
                Op::Iterate => {
                    save!();
                    let value = self.pop();
                    let value = self.iterate(value)?;
                    self.stack.push(value);
                }
                Op::Next(to) => {
                    save!();
                    let iterator = self.stack.last().cloned().unwrap_or(Value::Null);
                    match self.next(&iterator)? {
                        Some(value) => self.stack.push(value),
                        None => pc = to as usize,
                    }
                }
                Op::Chunk => {
                    let value = self.pop();
                    let value = chunked(&value);
                    self.stack.push(value);
                }
                Op::Query(at) => {
                    save!();
                    let plan = code.queries[at as usize].clone();
                    let binds = self.stack.split_off(self.stack.len() - plan.query.binds.len());
                    let value = self.query(&plan, binds)?;
                    self.stack.push(value);
                }
                Op::OnlyRow => {
                    let value = self.pop();
                    let value = attempt!(self.only_row(&value));
                    self.stack.push(value);
                }
                Op::Dml(kind, access, external) => {
                    save!();
                    let what = self.pop();
                    let external = (external != u32::MAX).then(|| text(code, external).to_string());
                    self.dml_statement(kind, what, access, external)?;
                }
                Op::TriggerVar(var) => {
                    save!();
                    let value = self.trigger_variable(var)?;
                    self.stack.push(value);
                }
            }
        }
    }

    /// Counts bytes that were taken; from time to time looks whether too many are alive.
    pub(crate) fn grown(&mut self, bytes: usize) -> Done<()> {
        self.allocated = self.allocated.saturating_add(bytes);
        if bytes > MAX_HEAP {
            return Err(self.limit(format!("Apex heap size too large: {bytes}")));
        }
        if self.allocated > self.look_at {
            let alive = self.alive() + bytes;
            if alive > MAX_HEAP {
                return Err(self.limit(format!("Apex heap size too large: {alive}")));
            }
            self.look_at = self.allocated + (MAX_HEAP - alive).max(MAX_HEAP / 8);
        }
        Ok(())
    }

    /// Counts what a native made, and the time that it took. What others hold too is not new.
    fn made(&mut self, value: &Value) -> Done<()> {
        let bytes = match value {
            Value::Str(text) => text.len(),
            Value::Blob(bytes) => bytes.len(),
            Value::List(list) if Rc::strong_count(list) == 1 => list.items.borrow().len() * 16,
            _ => 0,
        };
        self.grown(bytes)?;
        self.in_time()
    }

    pub(crate) fn instance(&mut self, class: u32) -> Value {
        let of = self.program.class_at(class);
        let exception = of.is_exception.then(RefCell::default);
        let instance = Rc::new(Instance { class, fields: RefCell::new(vec![Value::Null; of.slots.len()]), exception });
        self.remember(&instance);
        Value::Object(instance)
    }

    fn static_slot(&mut self, class: u32) -> &mut Vec<Value> {
        let at = class as usize;
        if self.statics.classes.len() <= at {
            self.statics.classes.resize(at + 1, Vec::new());
        }
        let count = self.program.class_at(class).statics.len();
        let slots = &mut self.statics.classes[at];
        if slots.len() < count {
            slots.resize(count, Value::Null);
        }
        slots
    }

    fn static_place(&self, class: u32, name: &str) -> Option<usize> {
        self.program.class_at(class).fields.get(&name.to_ascii_lowercase()).filter(|field| field.is_static).map(|field| field.slot as usize)
    }

    pub(super) fn set_static(&mut self, class: u32, name: &str, value: Value) {
        if let Some(at) = self.static_place(class, name)
            && let Some(slot) = self.static_slot(class).get_mut(at)
        {
            *slot = value;
        }
    }

    pub(super) fn get_static(&mut self, class: u32, name: &str) -> Value {
        self.static_place(class, name).and_then(|at| self.static_slot(class).get(at).cloned()).unwrap_or(Value::Null)
    }

    /// The initialiser of the topmost of a class and its parents that has not run, which counts as run from here on.
    pub(crate) fn uninitialised(&mut self, class: u32) -> Option<u32> {
        if self.statics.ready.get(class as usize).copied().unwrap_or(false) {
            return None;
        }
        if let Some(parent) = self.program.class_at(class).parent
            && let Some(init) = self.uninitialised(parent)
        {
            return Some(init);
        }
        let at = class as usize;
        if self.statics.ready.len() <= at {
            self.statics.ready.resize(at + 1, false);
        }
        self.statics.ready[at] = true;
        // The outer class of an inner one is used by it, too.
        if let Some(outer) = self.program.class_at(class).outer
            && let Some(init) = self.uninitialised(outer)
        {
            return Some(init);
        }
        self.program.class_at(class).static_init
    }

    /// Runs what a class needs before it is used from outside.
    pub(crate) fn prepare(&mut self, class: u32) -> Done<()> {
        while let Some(init) = self.uninitialised(class) {
            self.invoke(init, Vec::new())?;
        }
        Ok(())
    }

    fn convert(&mut self, conv: Conv, value: Value) -> Done<Value> {
        if value.is_null() {
            return Ok(Value::Null);
        }
        let to = match conv {
            Conv::Long => Ty::Long,
            Conv::Double => Ty::Double,
            Conv::Decimal => Ty::Decimal,
            Conv::Int => Ty::Int,
            Conv::IdToString => Ty::Str,
            Conv::StringToId => Ty::Id,
            Conv::DateToDatetime => Ty::Datetime,
        };
        self.cast(value, &to)
    }
}

fn text(code: &Code, at: u32) -> Arc<str> {
    match code.consts.get(at as usize) {
        Some(Const::Str(text)) => text.clone(),
        _ => "".into(),
    }
}

fn object(code: &Code, at: u16) -> Arc<ObjectInfo> {
    code.objects[at as usize].clone()
}

fn chunked(value: &Value) -> Value {
    let Value::List(list) = value else { return Value::Null };
    let items = list.items.borrow();
    let chunks = items.chunks(200).map(|chunk| Value::list(list.of.clone(), chunk.to_vec())).collect();
    Value::list(Ty::list(list.of.clone()), chunks)
}
