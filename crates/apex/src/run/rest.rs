//! Calls of REST methods.

use super::{Done, Vm};
use crate::host::Host;
use crate::library::reader::{self, Kind, Node};
use crate::outcome::{RestArguments, RestFailure, RestOutcome, RestRequest};
use crate::program::Program;
use crate::ty::Ty;
use crate::value::{Instance, Value};
use std::cell::RefCell;
use std::rc::Rc;

impl Program {
    pub(crate) fn rest_run(&self, host: &mut dyn Host, class: &str, request: &RestRequest) -> Result<RestOutcome, RestFailure> {
        let info = self.class(class).ok_or(RestFailure::NoMethod)?;
        let (_, name) = info.http_methods.iter().find(|(verb, _)| *verb == request.method).ok_or(RestFailure::NoMethod)?;
        let id = self.class_id(class).ok_or(RestFailure::NoMethod)?;
        let methods = self.class_at(id).methods.get(&name.to_ascii_lowercase()).ok_or(RestFailure::NoMethod)?;
        let method = methods.iter().copied().find(|method| self.method_at(*method).is_static).ok_or(RestFailure::NoMethod)?;
        let mut vm = Vm::new(self, host);
        let exception = |vm: &mut Vm<'_, '_>, thrown| RestFailure::Exception(Box::new(vm.uncaught(thrown)));
        let args = vm.rest_arguments(method, request)?;
        let done = vm.rest_context(request).and_then(|()| vm.prepare(id)).and_then(|()| vm.invoke(method, args));
        match done {
            Ok(value) => vm.rest_outcome(method, &value).map_err(|thrown| exception(&mut vm, thrown)),
            Err(thrown) => Err(exception(&mut vm, thrown)),
        }
    }
}

impl Vm<'_, '_> {
    fn rest_arguments(&mut self, method: u32, request: &RestRequest) -> Result<Vec<Value>, RestFailure> {
        let method = self.program.method_at(method);
        if method.params.is_empty() {
            return Ok(Vec::new());
        }
        let node = match &request.arguments {
            RestArguments::None => Node { kind: Kind::Members(Vec::new()), at: (1, 1) },
            RestArguments::Json => {
                let text = String::from_utf8_lossy(&request.body);
                if text.trim().is_empty() {
                    Node { kind: Kind::Members(Vec::new()), at: (1, 1) }
                } else {
                    reader::parse(&text).map_err(RestFailure::Arguments)?
                }
            }
            RestArguments::Data(data) => reader::of_data(data, 0),
        };
        let Kind::Members(members) = &node.kind else {
            let (line, column) = node.at;
            return Err(RestFailure::Arguments(format!(
                "Malformed JSON: Expected '{{' at the beginning of object at [line:{line}, column:{column}]"
            )));
        };
        let mut out = vec![Value::Null; method.params.len()];
        for (name, member) in members {
            let Some(at) = method.param_names.iter().position(|own| own.eq_ignore_ascii_case(name)) else {
                let (line, column) = member.at;
                return Err(RestFailure::Arguments(format!(
                    "Unexpected parameter encountered during deserialization: {name} at [line:{line}, column:{column}]"
                )));
            };
            match self.read_node(member, &method.params[at], true, 0) {
                Ok(value) => out[at] = value,
                Err(thrown) => return Err(RestFailure::Arguments(self.uncaught(thrown).message)),
            }
        }
        Ok(out)
    }

    fn blank(&mut self, class: &str) -> Option<(u32, Rc<Instance>)> {
        let id = crate::library::prelude_class(class)?;
        let slots = self.program.class_at(id).slots.len();
        Some((id, Rc::new(Instance { class: id, fields: RefCell::new(vec![Value::Null; slots]), exception: None })))
    }

    fn set_member(&self, class: u32, instance: &Instance, name: &str, value: Value) {
        let slot = self.program.class_at(class).slots.iter().position(|(own, ..)| own.eq_ignore_ascii_case(name));
        if let Some(slot) = slot
            && let Some(place) = instance.fields.borrow_mut().get_mut(slot)
        {
            *place = value;
        }
    }

    fn member_of(&self, instance: &Instance, name: &str) -> Value {
        let slot = self.program.class_at(instance.class).slots.iter().position(|(own, ..)| own.eq_ignore_ascii_case(name));
        slot.and_then(|slot| instance.fields.borrow().get(slot).cloned()).unwrap_or(Value::Null)
    }

    fn text_map(&mut self, pairs: &[(String, String)]) -> Done<Value> {
        let map = self.table(Ty::Str, Ty::Str);
        for (name, value) in pairs {
            self.table_put(&map, Value::str(name), Value::str(value))?;
        }
        Ok(Value::Map(map))
    }

    fn rest_context(&mut self, request: &RestRequest) -> Done<()> {
        let (Some((class, own)), Some((response_class, response))) = (self.blank("RestRequest"), self.blank("RestResponse")) else {
            return Ok(());
        };
        let (headers, params) = (self.text_map(&request.headers)?, self.text_map(&request.params)?);
        self.grown(request.body.len())?;
        for (name, value) in [
            ("httpMethod", Value::str(&request.method)),
            ("headers", headers),
            ("params", params),
            ("remoteAddress", Value::str(&request.remote_address)),
            ("requestBody", Value::Blob(request.body.as_slice().into())),
            ("requestURI", Value::str(&request.uri)),
            ("resourcePath", Value::str(&request.resource_path)),
        ] {
            self.set_member(class, &own, name, value);
        }
        let empty = self.text_map(&[])?;
        self.set_member(response_class, &response, "headers", empty);
        let Some(context) = crate::library::prelude_class("RestContext") else { return Ok(()) };
        self.set_static(context, "request", Value::Object(own));
        self.set_static(context, "response", Value::Object(response));
        Ok(())
    }

    fn rest_outcome(&mut self, method: u32, value: &Value) -> Done<RestOutcome> {
        let mut outcome = RestOutcome::default();
        if self.program.method_at(method).returns != Ty::Void {
            outcome.json = Some(self.json(value, false, false)?);
            outcome.returned = Some(self.write_data(value)?);
        }
        let response = crate::library::prelude_class("RestContext").map(|context| self.get_static(context, "response"));
        let Some(Value::Object(response)) = response else { return Ok(outcome) };
        if let Value::Int(status) = self.member_of(&response, "statusCode") {
            // What is no number of a status is none that may be answered.
            outcome.status = Some(u16::try_from(status).unwrap_or(0));
        }
        if let Value::Blob(body) = self.member_of(&response, "responseBody") {
            outcome.body = Some(body.to_vec());
        }
        if let Value::Map(headers) = self.member_of(&response, "headers") {
            let pairs: Vec<(Value, Value)> = headers.data.borrow().pairs().cloned().collect();
            for (name, value) in &pairs {
                outcome.headers.push((self.shown(name)?, self.shown(value)?));
            }
        }
        Ok(outcome)
    }
}
