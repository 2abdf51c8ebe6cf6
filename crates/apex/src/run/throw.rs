//! Exceptions.

use super::Vm;
use crate::host::HostError;
use crate::outcome::ApexException;
use crate::value::{ExceptionState, Instance, RowFailure, Value};
use std::cell::RefCell;
use std::fmt::Write as _;
use std::rc::Rc;

/// What ends the way of a program.
#[derive(Debug)]
pub(crate) enum Thrown {
    /// An exception that can be caught.
    Exception(Value),
    /// A limit, or a fault of the org's: nothing catches it.
    Fatal(Box<ApexException>),
}

/// See [`Thrown`].
pub(crate) type Throw = Box<Thrown>;
/// What a step comes to.
pub(crate) type Done<T> = Result<T, Throw>;

impl Vm<'_, '_> {
    /// An exception of the platform's.
    pub(crate) fn exception(&mut self, class: &str, message: impl AsRef<str>) -> Throw {
        let message = message.as_ref();
        let Some(id) = crate::library::prelude_class(class) else { return self.limit(message.to_owned()) };
        let state = ExceptionState { message: Some(message.into()), ..ExceptionState::default() };
        let slots = self.program.class_at(id).slots.len();
        let instance = Instance { class: id, fields: RefCell::new(vec![Value::Null; slots]), exception: Some(RefCell::new(state)) };
        Box::new(Thrown::Exception(Value::Object(Rc::new(instance))))
    }

    pub(crate) fn null_pointer(&mut self) -> Throw {
        self.exception("NullPointerException", "Attempt to de-reference a null object")
    }

    pub(crate) fn dml_exception(&mut self, class: &str, message: String, rows: Vec<RowFailure>) -> Throw {
        let thrown = self.exception(class, message);
        if let Thrown::Exception(Value::Object(instance)) = &*thrown
            && let Some(state) = &instance.exception
        {
            state.borrow_mut().rows = rows;
        }
        thrown
    }

    /// A `LimitException`, which nothing catches.
    pub(crate) fn limit(&mut self, message: String) -> Throw {
        let (stack, line) = self.trace();
        Box::new(Thrown::Fatal(Box::new(ApexException {
            type_name: "System.LimitException".to_owned(),
            message,
            line,
            column: 1,
            stack,
            ..ApexException::default()
        })))
    }

    pub(crate) fn host_error(&mut self, error: HostError) -> Throw {
        if error.fatal {
            let (stack, line) = self.trace();
            return Box::new(Thrown::Fatal(Box::new(ApexException {
                type_name: error.type_name.to_owned(),
                message: error.message,
                line,
                column: 1,
                stack,
                fatal: true,
                ..ApexException::default()
            })));
        }
        let name = error.type_name.strip_prefix("System.").unwrap_or(error.type_name);
        self.exception(name, error.message)
    }

    /// The calls under way, innermost first, and the line of the innermost.
    pub(crate) fn trace(&self) -> (String, u32) {
        let mut out = String::new();
        let mut first = 0;
        for frame in self.frames.iter().rev() {
            let method = self.program.method_at(frame.method);
            if method.trace.is_empty() {
                continue;
            }
            let line = method.code.lines.get(frame.pc.saturating_sub(1)).copied().unwrap_or(1);
            if first == 0 {
                first = line;
            }
            if out.len() > 20_000 {
                break;
            }
            if !out.is_empty() {
                out.push('\n');
            }
            let _ = write!(out, "{}: line {line}, column 1", method.trace);
        }
        (out, first)
    }

    /// Notes where an exception is thrown.
    pub(crate) fn mark(&mut self, value: &Value) {
        let Value::Object(instance) = value else { return };
        let Some(state) = &instance.exception else { return };
        if state.borrow().thrown {
            return;
        }
        let (stack, line) = self.trace();
        self.allocated = self.allocated.saturating_add(stack.len());
        let mut state = state.borrow_mut();
        state.thrown = true;
        state.stack = stack;
        state.line = line;
    }

    /// The name of an instance's class as exceptions say it.
    pub(crate) fn class_name(&self, class: u32) -> String {
        let class = self.program.class_at(class);
        if class.is_prelude && class.outer.is_none() { format!("System.{}", class.full_name) } else { class.full_name.to_string() }
    }

    /// An exception that nothing caught, as it leaves the program.
    pub(crate) fn uncaught(&mut self, thrown: impl Into<Throw>) -> ApexException {
        match *thrown.into() {
            Thrown::Fatal(exception) => *exception,
            Thrown::Exception(value) => self.outside(&value, 0),
        }
    }

    fn outside(&mut self, value: &Value, depth: u32) -> ApexException {
        let Value::Object(instance) = value else { return ApexException::default() };
        let Some(state) = instance.exception.as_ref().map(|state| state.borrow().clone()) else { return ApexException::default() };
        let message = self.exception_message(instance);
        let cause = state.cause.filter(|_| depth < 10).map(|cause| Box::new(self.outside(&cause, depth + 1)));
        ApexException {
            type_name: self.class_name(instance.class),
            message,
            line: state.line,
            column: 1,
            stack: state.stack,
            cause,
            rows: state.rows.into_iter().map(|row| row.error).collect(),
            fatal: false,
        }
    }

    /// `getMessage()`; what a class of the program's makes of it.
    fn exception_message(&mut self, instance: &Rc<Instance>) -> String {
        let method = self.program.class_at(instance.class).table.get("getmessage()").copied();
        if let Some(method) = method
            && let Ok(Value::Str(text)) = self.invoke(method, vec![Value::Object(instance.clone())])
        {
            return text.to_string();
        }
        let message = instance.exception.as_ref().and_then(|state| state.borrow().message.clone());
        message.map_or_else(|| "Script-thrown exception".to_owned(), |message| message.to_string())
    }
}
