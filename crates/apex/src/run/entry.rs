//! Ways into a program.

use super::record::given;
use super::{Done, TriggerState, Vm};
use crate::host::{Host, Record};
use crate::outcome::*;
use crate::program::Program;
use crate::ty::Ty;
use crate::value::Value;

impl Program {
    pub(crate) fn trigger_run(&self, host: &mut dyn Host, trigger: &str, context: TriggerContext) -> Result<TriggerOutcome, ApexException> {
        let Some(trigger) = self.triggers_inner().iter().find(|own| own.name.eq_ignore_ascii_case(trigger)) else {
            return Err(ApexException {
                type_name: "System.TypeException".to_owned(),
                message: format!("Invalid trigger: {trigger}"),
                ..Default::default()
            });
        };
        let method = trigger.method;
        let mut vm = Vm::new(self, host);
        let done = vm.prepare_trigger(&context).and_then(|()| vm.invoke(method, Vec::new()));
        match done {
            Ok(_) => Ok(vm.trigger_outcome(&context)),
            Err(thrown) => Err(vm.uncaught(thrown)),
        }
    }

    pub(crate) fn static_run(&self, host: &mut dyn Host, class: &str, method: &str, args: &[Data]) -> Result<Data, ApexException> {
        let mut vm = Vm::new(self, host);
        let done = vm.static_call(class, method, args);
        done.map_err(|thrown| vm.uncaught(thrown))
    }

    pub(crate) fn condition_run(&self, host: &mut dyn Host, class: &str, event: &Record) -> Result<bool, ApexException> {
        let mut vm = Vm::new(self, host);
        let done = vm.condition(class, event);
        done.map_err(|thrown| vm.uncaught(thrown))
    }

    pub(crate) fn block_run(&self, host: &mut dyn Host, method: u32) -> Option<ApexException> {
        let mut vm = Vm::new(self, host);
        let done = vm.invoke(method, Vec::new());
        done.err().map(|thrown| vm.uncaught(thrown))
    }
}

impl Vm<'_, '_> {
    fn prepare_trigger(&mut self, context: &TriggerContext) -> Done<()> {
        let event = context.event;
        let list = |vm: &mut Self, records: &[Record], read_only: bool| -> Done<Value> {
            if records.is_empty() {
                return Ok(Value::Null);
            }
            let mut items = Vec::with_capacity(records.len());
            for record in records {
                let value = vm.take_in(record, false, 0)?;
                if let Value::Record(record) = &value {
                    record.data.borrow_mut().read_only = read_only;
                }
                items.push(value);
            }
            let of = records.first().map_or(Ty::Record(None), |record| Ty::record(&record.object));
            let list = Value::list(of, items);
            if let Value::List(list) = &list {
                list.read_only.set(true);
            }
            Ok(list)
        };
        let new = list(self, &context.new, !event.is_before())?;
        let old = list(self, &context.old, true)?;
        let size = context.new.len().max(context.old.len());
        self.trigger = Some(TriggerState { event, new, old, new_map: None, old_map: None, size });
        Ok(())
    }

    fn trigger_outcome(&mut self, context: &TriggerContext) -> TriggerOutcome {
        let Some(state) = &self.trigger else { return TriggerOutcome::default() };
        let deletes = context.new.is_empty();
        let (list, before) = if deletes { (&state.old, &context.old) } else { (&state.new, &context.new) };
        let Value::List(list) = list else { return TriggerOutcome::default() };
        let mut rows = Vec::with_capacity(before.len());
        for (item, before) in list.items.borrow().iter().zip(before) {
            let Value::Record(record) = item else { continue };
            let data = record.data.borrow();
            let mut row = TriggerRow { errors: data.errors.clone(), ..TriggerRow::default() };
            if context.event.is_before() && !deletes {
                for at in &data.touched {
                    let Some(field) = record.object.fields.get(*at as usize) else { continue };
                    let Some((_, value)) = data.fields.iter().find(|(own, _)| own == at) else { continue };
                    let value = given(value);
                    if before.get(&field.name).unwrap_or(&orglet_base::Value::Null) != &value {
                        row.changed.push((field.name.as_str().into(), value));
                    }
                }
            }
            rows.push(row);
        }
        TriggerOutcome { rows }
    }

    fn condition(&mut self, class: &str, event: &Record) -> Done<bool> {
        let id = self.program.class_id(class).filter(|id| {
            let class = self.program.class_at(*id);
            !class.is_abstract && class.kind == crate::ast::ClassKind::Class
        });
        let Some(id) = id else {
            return Err(self.exception("TypeException", format!("Type cannot be constructed: {class}")));
        };
        let made = self.construct(id)?;
        let Value::Object(instance) = &made else { return Err(self.null_pointer()) };
        let event = self.take_in(event, false, 0)?;
        match self.invoke_virtual(instance, "evaluate(SObject)", vec![event])? {
            Value::Bool(is_met) => Ok(is_met),
            _ => Err(self.null_pointer()),
        }
    }

    fn static_call(&mut self, class: &str, method: &str, args: &[Data]) -> Done<Data> {
        let found = self.program.class_id(class).and_then(|id| {
            let methods = self.program.class_at(id).methods.get(&method.to_ascii_lowercase())?;
            let of = |method: &u32| self.program.method_at(*method);
            methods.iter().copied().find(|method| of(method).is_static && of(method).params.len() == args.len()).map(|method| (id, method))
        });
        let Some((id, method)) = found else {
            return Err(self.exception(
                "TypeException",
                format!("Method does not exist or incorrect signature: void {method}() from the type {class}"),
            ));
        };
        self.prepare(id)?;
        let params = self.program.method_at(method).params.clone();
        let mut values = Vec::with_capacity(args.len());
        for (arg, ty) in args.iter().zip(&params) {
            values.push(self.read_data(arg, ty)?);
        }
        let value = self.invoke(method, values)?;
        self.write_data(&value)
    }
}
