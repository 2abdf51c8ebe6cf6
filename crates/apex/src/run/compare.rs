//! Equality, order, hashes; the collections that rest on them.

use super::arith::decimal;
use super::{Done, Vm};
use crate::ast::Binary;
use crate::ty::Ty;
use crate::value::{Entries, Native, Table, Value};
use orglet_base::DateTime;
use std::cell::RefCell;
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

/// How deep collections are looked into.
const MAX_NESTING: u32 = 50;

impl Vm<'_, '_> {
    pub(super) fn compare_by(&mut self, op: Binary, left: &Value, right: &Value) -> Done<bool> {
        match op {
            Binary::Equal => self.alike(left, right),
            Binary::NotEqual => self.alike(left, right).map(|alike| !alike),
            Binary::Same => self.same(left, right),
            Binary::NotSame => self.same(left, right).map(|same| !same),
            _ => {
                // Nothing is less than null, texts and ids apart.
                let order = match (left, right) {
                    (Value::Null, Value::Str(_) | Value::Id(_)) => Ordering::Less,
                    (Value::Str(_) | Value::Id(_), Value::Null) => Ordering::Greater,
                    (Value::Null, _) | (_, Value::Null) => return Ok(false),
                    (Value::Double(a), _) if a.is_nan() => return Ok(false),
                    (_, Value::Double(b)) if b.is_nan() => return Ok(false),
                    (Value::Str(a), Value::Str(b)) => orglet_base::fold::compare(a, b),
                    _ => self.order(left, right)?,
                };
                Ok(match op {
                    Binary::Less => order.is_lt(),
                    Binary::LessOrEqual => order.is_le(),
                    Binary::Greater => order.is_gt(),
                    _ => order.is_ge(),
                })
            }
        }
    }

    /// `==`: texts without regard to case.
    fn alike(&mut self, left: &Value, right: &Value) -> Done<bool> {
        match (left, right) {
            (Value::Str(a), Value::Str(b)) => Ok(a == b || orglet_base::fold::compare(a, b).is_eq()),
            _ => self.equal(left, right),
        }
    }

    /// `===`: the same instance; equal values where there are no instances.
    fn same(&mut self, left: &Value, right: &Value) -> Done<bool> {
        Ok(match (left, right) {
            (Value::List(a), Value::List(b)) => Rc::ptr_eq(a, b),
            (Value::Set(a), Value::Set(b)) | (Value::Map(a), Value::Map(b)) => Rc::ptr_eq(a, b),
            (Value::Record(a), Value::Record(b)) => Rc::ptr_eq(a, b),
            (Value::Object(a), Value::Object(b)) => Rc::ptr_eq(a, b),
            _ => return self.alike(left, right),
        })
    }

    /// Equality as collections see it: texts by case, instances by their own `equals`.
    pub(crate) fn equal(&mut self, left: &Value, right: &Value) -> Done<bool> {
        self.equal_at(left, right, 0)
    }

    fn equal_at(&mut self, left: &Value, right: &Value, depth: u32) -> Done<bool> {
        if depth > MAX_NESTING {
            return Err(self.limit("Maximum stack depth reached: 1001".to_owned()));
        }
        self.spend(1)?;
        Ok(match (left, right) {
            (Value::Null, Value::Null) => true,
            (Value::Null, _) | (_, Value::Null) => false,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Int(a), Value::Int(b)) => a == b,
            (Value::Double(a), Value::Double(b)) => a == b,
            (Value::Str(a), Value::Str(b)) => a == b,
            (Value::Id(a), Value::Id(b)) => a == b,
            (Value::Id(id), Value::Str(text)) | (Value::Str(text), Value::Id(id)) => orglet_base::Id::parse(text) == Ok(*id),
            (Value::Date(a), Value::Date(b)) => a == b,
            (Value::Datetime(a), Value::Datetime(b)) => a == b,
            (Value::Date(date), Value::Datetime(at)) | (Value::Datetime(at), Value::Date(date)) => DateTime::at_midnight(*date) == *at,
            (Value::Time(a), Value::Time(b)) => a == b,
            (Value::Blob(a), Value::Blob(b)) => a == b,
            (Value::Enum(a, m), Value::Enum(b, n)) => a == b && m == n,
            (Value::List(a), Value::List(b)) => {
                if Rc::ptr_eq(a, b) {
                    return Ok(true);
                }
                let (a, b) = (a.items.borrow().clone(), b.items.borrow().clone());
                if a.len() != b.len() {
                    return Ok(false);
                }
                for (a, b) in a.iter().zip(&b) {
                    if !self.equal_at(a, b, depth + 1)? {
                        return Ok(false);
                    }
                }
                true
            }
            (Value::Set(a), Value::Set(b)) | (Value::Map(a), Value::Map(b)) => {
                if Rc::ptr_eq(a, b) {
                    return Ok(true);
                }
                if a.data.borrow().live != b.data.borrow().live {
                    return Ok(false);
                }
                let pairs: Vec<(Value, Value)> = a.data.borrow().pairs().cloned().collect();
                for (key, value) in pairs {
                    match self.table_get(b, &key)? {
                        Some(other) if self.equal_at(&value, &other, depth + 1)? => {}
                        _ => return Ok(false),
                    }
                }
                true
            }
            (Value::Record(a), Value::Record(b)) => {
                if Rc::ptr_eq(a, b) {
                    return Ok(true);
                }
                let (x, y) = (a.data.borrow().fields.clone(), b.data.borrow().fields.clone());
                let filled = |fields: &[(u16, Value)]| fields.iter().filter(|(_, value)| !value.is_null()).count();
                if a.object.name != b.object.name || filled(&x) != filled(&y) {
                    return Ok(false);
                }
                for (field, value) in x.iter().filter(|(_, value)| !value.is_null()) {
                    let other = y.iter().find(|(own, _)| own == field).map_or(&Value::Null, |(_, value)| value);
                    if !self.equal_at(value, other, depth + 1)? {
                        return Ok(false);
                    }
                }
                true
            }
            (Value::Object(a), _) => {
                if let Value::Object(b) = right
                    && Rc::ptr_eq(a, b)
                {
                    return Ok(true);
                }
                if self.program.class_at(a.class).table.contains_key("equals(Object)") {
                    return Ok(matches!(self.invoke_virtual(&a.clone(), "equals(Object)", vec![right.clone()])?, Value::Bool(true)));
                }
                false
            }
            (Value::Native(a), Value::Native(b)) => match (&**a, &**b) {
                (Native::ObjectType(a), Native::ObjectType(b)) => a.name == b.name,
                (Native::Field(a, m), Native::Field(b, n)) => a.name == b.name && m == n,
                (Native::Type(a), Native::Type(b)) => a == b,
                _ => Rc::ptr_eq(a, b),
            },
            (a, b) => match (decimal(a), decimal(b)) {
                (Some(a), Some(b)) => a == b,
                _ => false,
            },
        })
    }

    /// The order of plain values, in which lists sort: texts by their characters.
    pub(crate) fn order(&mut self, left: &Value, right: &Value) -> Done<Ordering> {
        Ok(match (left, right) {
            (Value::Null, Value::Null) => Ordering::Equal,
            (Value::Null, _) => Ordering::Less,
            (_, Value::Null) => Ordering::Greater,
            (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
            (Value::Int(a), Value::Int(b)) => a.cmp(b),
            (Value::Double(a), Value::Double(b)) => a.total_cmp(b),
            (Value::Str(a), Value::Str(b)) => a.encode_utf16().cmp(b.encode_utf16()),
            (Value::Id(a), Value::Id(b)) => a.cmp(b),
            (Value::Id(id), Value::Str(text)) => id.to_string().as_str().cmp(text),
            (Value::Str(text), Value::Id(id)) => (**text).cmp(&id.to_string()),
            (Value::Date(a), Value::Date(b)) => a.cmp(b),
            (Value::Datetime(a), Value::Datetime(b)) => a.cmp(b),
            (Value::Date(a), Value::Datetime(b)) => DateTime::at_midnight(*a).cmp(b),
            (Value::Datetime(a), Value::Date(b)) => a.cmp(&DateTime::at_midnight(*b)),
            (Value::Time(a), Value::Time(b)) => a.cmp(b),
            (Value::Enum(_, a), Value::Enum(_, b)) => a.cmp(b),
            (Value::Object(a), _) if self.program.class_at(a.class).table.contains_key("compareto(Object)") => {
                match self.invoke_virtual(&a.clone(), "compareto(Object)", vec![right.clone()])? {
                    Value::Int(n) => n.cmp(&0),
                    _ => return Err(self.null_pointer()),
                }
            }
            (Value::Object(_), _) => {
                return Err(self.exception("ListException", "One or more of the items in this list is not Comparable."));
            }
            (Value::Record(a), Value::Record(b)) => {
                let name = |record: &crate::value::Rec| {
                    let key = record.object.fields.iter().position(|field| field.name_field)?;
                    match record.get(key as u16)? {
                        Value::Str(text) => Some(text.to_string()),
                        _ => None,
                    }
                };
                a.object.name.cmp(&b.object.name).then_with(|| name(a).cmp(&name(b))).then_with(|| a.id().cmp(&b.id()))
            }
            (a, b) => match (decimal(a), decimal(b)) {
                (Some(a), Some(b)) => a.cmp(&b),
                _ => self.type_name(&self.type_of(a)).cmp(&self.type_name(&self.type_of(b))),
            },
        })
    }

    /// A hash that equal values share.
    pub(crate) fn hash(&mut self, value: &Value) -> Done<u64> {
        self.hash_at(value, 0)
    }

    fn hash_at(&mut self, value: &Value, depth: u32) -> Done<u64> {
        if depth > MAX_NESTING {
            return Err(self.limit("Maximum stack depth reached: 1001".to_owned()));
        }
        self.spend(1)?;
        let mut hasher = std::hash::DefaultHasher::new();
        match value {
            Value::Null => 0u8.hash(&mut hasher),
            Value::Bool(b) => b.hash(&mut hasher),
            Value::Int(_) | Value::Long(_) | Value::Double(_) | Value::Decimal(_) => match decimal(value) {
                Some(n) => n.normalize().hash(&mut hasher),
                None => 1u8.hash(&mut hasher),
            },
            // A text may be an id, and ids are found by either form.
            Value::Str(text) => match orglet_base::Id::parse(text) {
                Ok(id) => id.hash(&mut hasher),
                Err(_) => text.hash(&mut hasher),
            },
            Value::Id(id) => id.hash(&mut hasher),
            Value::Date(date) => DateTime::at_midnight(*date).hash(&mut hasher),
            Value::Datetime(at) => at.hash(&mut hasher),
            Value::Time(time) => time.hash(&mut hasher),
            Value::Blob(bytes) => bytes.hash(&mut hasher),
            Value::Enum(class, at) => (class, at).hash(&mut hasher),
            Value::List(list) => {
                for item in list.items.borrow().clone() {
                    self.hash_at(&item, depth + 1)?.hash(&mut hasher);
                }
            }
            Value::Set(table) | Value::Map(table) => table.data.borrow().live.hash(&mut hasher),
            Value::Record(record) => {
                record.object.name.hash(&mut hasher);
                let fields = record.data.borrow().fields.clone();
                let mut sum = 0u64;
                for (field, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
                    sum = sum.wrapping_add(self.hash_at(value, depth + 1)?.wrapping_mul(u64::from(*field) + 1));
                }
                sum.hash(&mut hasher);
            }
            Value::Object(instance) => {
                let table = &self.program.class_at(instance.class).table;
                if table.contains_key("equals(Object)") {
                    if let (true, Value::Int(n)) = (
                        table.contains_key("hashcode()"),
                        &self.invoke_virtual(&instance.clone(), "hashcode()", Vec::new()).unwrap_or(Value::Null),
                    ) {
                        n.hash(&mut hasher);
                    }
                } else {
                    Rc::as_ptr(instance).hash(&mut hasher);
                }
            }
            Value::Native(native) => match &**native {
                Native::ObjectType(object) => object.name.hash(&mut hasher),
                Native::Field(object, at) => (&object.name, at).hash(&mut hasher),
                Native::Type(ty) => ty.hash(&mut hasher),
                _ => Rc::as_ptr(native).hash(&mut hasher),
            },
        }
        Ok(hasher.finish())
    }

    fn find(&mut self, table: &Table, key: &Value) -> Done<(u64, Option<u32>)> {
        let hash = self.hash(key)?;
        let places = table.data.borrow().index.get(&hash).cloned().unwrap_or_default();
        for place in places {
            let own = table.data.borrow().slots.get(place as usize).and_then(|slot| slot.as_ref().map(|(key, _)| key.clone()));
            if let Some(own) = own
                && self.equal(&own, key)?
            {
                return Ok((hash, Some(place)));
            }
        }
        Ok((hash, None))
    }

    pub(crate) fn table_get(&mut self, table: &Table, key: &Value) -> Done<Option<Value>> {
        let (_, place) = self.find(table, key)?;
        let data = table.data.borrow();
        Ok(place.and_then(|place| data.slots.get(place as usize)?.as_ref().map(|(_, value)| value.clone())))
    }

    /// Puts a value under a key; what was there.
    pub(crate) fn table_put(&mut self, table: &Table, key: Value, value: Value) -> Done<Option<Value>> {
        let (hash, place) = self.find(table, &key)?;
        self.grown(48)?;
        let mut data = table.data.borrow_mut();
        match place {
            Some(place) => {
                Ok(data.slots.get_mut(place as usize).and_then(|slot| slot.as_mut().map(|(_, own)| std::mem::replace(own, value))))
            }
            None => {
                let at = data.slots.len() as u32;
                data.slots.push(Some((key, value)));
                data.index.entry(hash).or_default().push(at);
                data.live += 1;
                Ok(None)
            }
        }
    }

    /// Takes a key out; what was under it.
    pub(crate) fn table_remove(&mut self, table: &Table, key: &Value) -> Done<Option<Value>> {
        let (hash, Some(place)) = self.find(table, key)? else { return Ok(None) };
        let mut data = table.data.borrow_mut();
        let old = data.slots.get_mut(place as usize).and_then(Option::take);
        if let Some(places) = data.index.get_mut(&hash) {
            places.retain(|own| *own != place);
        }
        data.live = data.live.saturating_sub(1);
        // Holes go once they are most of it.
        if data.slots.len() > 32 && data.live < data.slots.len() / 2 {
            let slots = std::mem::take(&mut data.slots);
            let mut moved = std::collections::HashMap::new();
            for (at, slot) in slots.into_iter().enumerate() {
                if slot.is_some() {
                    moved.insert(at as u32, data.slots.len() as u32);
                    data.slots.push(slot);
                }
            }
            data.index.retain(|_, places| {
                places.iter_mut().for_each(|place| *place = moved.get(place).copied().unwrap_or(u32::MAX));
                !places.is_empty()
            });
        }
        Ok(old.map(|(_, value)| value))
    }

    pub(crate) fn table(&self, key: Ty, value: Ty) -> Rc<Table> {
        Rc::new(Table { key, value, data: RefCell::new(Entries::default()) })
    }

    pub(crate) fn set_of(&mut self, of: Ty, items: Vec<Value>) -> Done<Value> {
        let set = self.table(of, Ty::Void);
        for item in items {
            self.table_put(&set, item, Value::Null)?;
        }
        Ok(Value::Set(set))
    }

    /// A map of keys and values in turn.
    pub(super) fn map_of(&mut self, key: Ty, value: Ty, items: Vec<Value>) -> Done<Value> {
        let map = self.table(key, value);
        let mut items = items.into_iter();
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            self.table_put(&map, key, value)?;
        }
        Ok(Value::Map(map))
    }

    /// Bytes that are alive, about.
    pub(crate) fn alive(&self) -> usize {
        let mut seen = std::collections::HashSet::new();
        let mut work: Vec<Value> = self.stack.clone();
        work.extend(self.statics.classes.iter().flatten().cloned());
        let mut sum = 0usize;
        while let Some(value) = work.pop() {
            sum += 8;
            match &value {
                Value::Str(text) if seen.insert(text.as_ptr() as usize) => sum += text.len(),
                Value::Blob(bytes) if seen.insert(bytes.as_ptr() as usize) => sum += bytes.len(),
                Value::List(list) if seen.insert(Rc::as_ptr(list) as usize) => work.extend(list.items.borrow().iter().cloned()),
                Value::Set(table) | Value::Map(table) if seen.insert(Rc::as_ptr(table) as usize) => {
                    for (key, value) in table.data.borrow().pairs() {
                        work.push(key.clone());
                        work.push(value.clone());
                    }
                }
                Value::Record(record) if seen.insert(Rc::as_ptr(record) as usize) => {
                    let data = record.data.borrow();
                    work.extend(data.fields.iter().chain(&data.parents).map(|(_, value)| value.clone()));
                    work.extend(data.children.iter().map(|(_, value)| value.clone()));
                    sum += data.errors.iter().map(|error| error.message.len()).sum::<usize>();
                }
                Value::Object(instance) if seen.insert(Rc::as_ptr(instance) as usize) => {
                    work.extend(instance.fields.borrow().iter().cloned());
                    if let Some(state) = &instance.exception {
                        let state = state.borrow();
                        sum += state.stack.len();
                        work.extend(state.cause.clone());
                        work.extend(state.message.clone().map(Value::Str));
                    }
                }
                Value::Native(native) if seen.insert(Rc::as_ptr(native) as usize) => match &**native {
                    Native::Iterator(state) => work.extend(state.borrow().0.iter().cloned()),
                    Native::Matcher(matcher) => {
                        if let Ok(matcher) = matcher.try_borrow() {
                            work.extend([matcher.pattern.clone(), Value::Str(matcher.text.clone())]);
                        }
                    }
                    // What the machine of a pattern takes, about.
                    Native::Pattern(text, _) => sum += 1024 + text.len(),
                    _ => {}
                },
                _ => {}
            }
        }
        sum
    }
}
