//! `List`, `Set`, `Map`.

use super::Line;
use crate::run::{Done, Vm};
use crate::ty::Ty;
use crate::value::{List, Native, Table, Value};
use std::cmp::Ordering;
use std::rc::Rc;

fn list(vm: &mut Vm<'_, '_>, value: &Value) -> Done<Rc<List>> {
    match value {
        Value::List(list) => Ok(list.clone()),
        _ => Err(vm.null_pointer()),
    }
}

/// A list that may be changed.
fn open(vm: &mut Vm<'_, '_>, value: &Value) -> Done<Rc<List>> {
    let list = list(vm, value)?;
    if list.read_only.get() {
        return Err(vm.exception("FinalException", "Collection is read-only"));
    }
    Ok(list)
}

fn table(vm: &mut Vm<'_, '_>, value: &Value) -> Done<Rc<Table>> {
    match value {
        Value::Set(table) | Value::Map(table) => Ok(table.clone()),
        _ => Err(vm.null_pointer()),
    }
}

/// What a list or set holds.
pub(super) fn members(vm: &mut Vm<'_, '_>, value: &Value) -> Done<Vec<Value>> {
    match value {
        Value::List(list) => Ok(list.items.borrow().clone()),
        Value::Set(set) => Ok(set.data.borrow().pairs().map(|(key, _)| key.clone()).collect()),
        _ => Err(vm.null_pointer()),
    }
}

fn position(vm: &mut Vm<'_, '_>, items: &[Value], what: &Value) -> Done<Option<usize>> {
    for (at, item) in items.iter().enumerate() {
        if vm.equal(item, what)? {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// Sorts by a comparison that may fail: merging, which is stable and looks at each pair once.
fn sorted(
    vm: &mut Vm<'_, '_>,
    items: Vec<Value>,
    by: &mut dyn FnMut(&mut Vm<'_, '_>, &Value, &Value) -> Done<Ordering>,
) -> Done<Vec<Value>> {
    if items.len() < 2 {
        return Ok(items);
    }
    let mut runs: Vec<Vec<Value>> = items.into_iter().map(|item| vec![item]).collect();
    while runs.len() > 1 {
        let mut merged = Vec::with_capacity(runs.len() / 2 + 1);
        let mut rest = runs.into_iter();
        while let Some(left) = rest.next() {
            let Some(right) = rest.next() else {
                merged.push(left);
                break;
            };
            let mut out = Vec::with_capacity(left.len() + right.len());
            let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
            while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
                vm.steps += 1;
                let from_right = by(vm, a, b)?.is_gt();
                out.extend(if from_right { right.next() } else { left.next() });
            }
            out.extend(left);
            out.extend(right);
            merged.push(out);
        }
        runs = merged;
    }
    Ok(runs.pop().unwrap_or_default())
}

/// The index of a put or remove.
fn at(vm: &mut Vm<'_, '_>, list: &List, value: &Value, end: bool) -> Done<usize> {
    let n = vm.int(value)?;
    let length = list.items.borrow().len();
    match usize::try_from(n) {
        Ok(at) if at < length || end && at == length => Ok(at),
        _ => Err(vm.out_of_bounds(n)),
    }
}

fn clone_table(vm: &mut Vm<'_, '_>, value: &Value) -> Done<Rc<Table>> {
    let own = table(vm, value)?;
    let copy = vm.table(own.key.clone(), own.value.clone());
    let pairs: Vec<(Value, Value)> = own.data.borrow().pairs().cloned().collect();
    for (key, value) in pairs {
        vm.table_put(&copy, key, value)?;
    }
    Ok(copy)
}

/// Adds what a collection holds to a set; whether the set changed.
fn add_all(vm: &mut Vm<'_, '_>, set: &Table, items: Vec<Value>) -> Done<Value> {
    let before = set.data.borrow().live;
    for item in items {
        vm.table_put(set, item, Value::Null)?;
    }
    Ok(Value::Bool(set.data.borrow().live != before))
}

fn put_all(vm: &mut Vm<'_, '_>, map: &Table, from: &Value) -> Done<()> {
    match from {
        Value::Map(other) => {
            let pairs: Vec<(Value, Value)> = other.data.borrow().pairs().cloned().collect();
            for (key, value) in pairs {
                vm.table_put(map, key, value)?;
            }
            Ok(())
        }
        // Records by their ids.
        Value::List(list) => {
            for item in list.items.borrow().clone() {
                let Value::Record(record) = &item else { return Err(vm.null_pointer()) };
                let Some(id) = record.id() else {
                    let at = list.items.borrow().iter().position(|own| matches!(own, Value::Record(own) if Rc::ptr_eq(own, record)));
                    return Err(vm.exception("ListException", format!("Row with null Id at index: {}", at.unwrap_or(0))));
                };
                let key = if map.key == Ty::Str { Value::str(&id.to_string()) } else { Value::Id(id) };
                vm.table_put(map, key, item.clone())?;
            }
            Ok(())
        }
        _ => Err(vm.null_pointer()),
    }
}

fn made_of(value: &Value) -> Ty {
    match value {
        Value::Native(native) => match &**native {
            Native::Type(ty) => ty.clone(),
            _ => Ty::Object,
        },
        _ => Ty::Object,
    }
}

fn keep(vm: &mut Vm<'_, '_>, a: &[Value], keep: bool) -> Done<Value> {
    let (own, other) = (table(vm, &a[0])?, members(vm, &a[1])?);
    let others = vm.set_of(own.key.clone(), other)?;
    let others = table(vm, &others)?;
    let keys: Vec<Value> = own.data.borrow().pairs().map(|(key, _)| key.clone()).collect();
    let mut changed = false;
    for key in keys {
        if vm.table_get(&others, &key)?.is_some() != keep {
            vm.table_remove(&own, &key)?;
            changed = true;
        }
    }
    Ok(Value::Bool(changed))
}

fn contains_all(vm: &mut Vm<'_, '_>, a: &[Value]) -> Done<Value> {
    let (own, items) = (table(vm, &a[0])?, members(vm, &a[1])?);
    for item in items {
        if vm.table_get(&own, &item)?.is_none() {
            return Ok(Value::Bool(false));
        }
    }
    Ok(Value::Bool(true))
}

pub(super) const LINES: &[Line] = &[
    ("static Object Internal.list_from(Object,System.Type)", |vm, a| {
        let Ty::List(of) = made_of(&a[1]) else { return Err(vm.null_pointer()) };
        if matches!(a[0], Value::Int(_)) {
            return Ok(Value::list((*of).clone(), Vec::new()));
        }
        let items = members(vm, &a[0])?;
        vm.grown(items.len() * 16)?;
        Ok(Value::list((*of).clone(), items))
    }),
    ("static Object Internal.set_from(Object,System.Type)", |vm, a| {
        let Ty::Set(of) = made_of(&a[1]) else { return Err(vm.null_pointer()) };
        let items = members(vm, &a[0])?;
        vm.set_of((*of).clone(), items)
    }),
    ("static Object Internal.map_from(Object,System.Type)", |vm, a| {
        let Ty::Map(of) = made_of(&a[1]) else { return Err(vm.null_pointer()) };
        let map = vm.table(of.0.clone(), of.1.clone());
        put_all(vm, &map, &a[0])?;
        Ok(Value::Map(map))
    }),
    ("void List.add(T)", |vm, a| {
        let list = open(vm, &a[0])?;
        vm.grown(16)?;
        list.items.borrow_mut().push(a[1].clone());
        Ok(Value::Null)
    }),
    ("void List.add(Integer,T)", |vm, a| {
        let list = open(vm, &a[0])?;
        let at = at(vm, &list, &a[1], true)?;
        vm.grown(16)?;
        list.items.borrow_mut().insert(at, a[2].clone());
        Ok(Value::Null)
    }),
    ("void List.addAll(List<T>)", |vm, a| {
        let (list, items) = (open(vm, &a[0])?, members(vm, &a[1])?);
        vm.grown(items.len() * 16)?;
        list.items.borrow_mut().extend(items);
        Ok(Value::Null)
    }),
    ("void List.addAll(Set<T>)", |vm, a| {
        let (list, items) = (open(vm, &a[0])?, members(vm, &a[1])?);
        vm.grown(items.len() * 16)?;
        list.items.borrow_mut().extend(items);
        Ok(Value::Null)
    }),
    ("T List.get(Integer)", |vm, a| {
        let list = list(vm, &a[0])?;
        let at = at(vm, &list, &a[1], false)?;
        let items = list.items.borrow();
        Ok(items[at].clone())
    }),
    ("void List.set(Integer,T)", |vm, a| {
        let list = open(vm, &a[0])?;
        let at = at(vm, &list, &a[1], false)?;
        list.items.borrow_mut()[at] = a[2].clone();
        Ok(Value::Null)
    }),
    ("T List.remove(Integer)", |vm, a| {
        let list = open(vm, &a[0])?;
        let at = at(vm, &list, &a[1], false)?;
        Ok(list.items.borrow_mut().remove(at))
    }),
    ("Integer List.size()", |vm, a| Ok(Value::Int(list(vm, &a[0])?.items.borrow().len() as i32))),
    ("Boolean List.isEmpty()", |vm, a| Ok(Value::Bool(list(vm, &a[0])?.items.borrow().is_empty()))),
    ("void List.clear()", |vm, a| {
        open(vm, &a[0])?.items.borrow_mut().clear();
        Ok(Value::Null)
    }),
    ("Boolean List.contains(T)", |vm, a| {
        let items = members(vm, &a[0])?;
        Ok(Value::Bool(position(vm, &items, &a[1])?.is_some()))
    }),
    ("Integer List.indexOf(T)", |vm, a| {
        let items = members(vm, &a[0])?;
        Ok(Value::Int(position(vm, &items, &a[1])?.map_or(-1, |at| at as i32)))
    }),
    ("void List.sort()", |vm, a| {
        let list = open(vm, &a[0])?;
        let items = list.items.borrow().clone();
        let items = sorted(vm, items, &mut |vm, a, b| vm.order(a, b))?;
        *list.items.borrow_mut() = items;
        Ok(Value::Null)
    }),
    ("void List.sort(Comparator)", |vm, a| {
        let list = open(vm, &a[0])?;
        let Value::Object(comparator) = a[1].clone() else { return Err(vm.null_pointer()) };
        let items = list.items.borrow().clone();
        let items = sorted(vm, items, &mut |vm, a, b| match vm.invoke_virtual(
            &comparator,
            "compare(Object,Object)",
            vec![a.clone(), b.clone()],
        )? {
            Value::Int(n) => Ok(n.cmp(&0)),
            _ => Err(vm.null_pointer()),
        })?;
        *list.items.borrow_mut() = items;
        Ok(Value::Null)
    }),
    ("Same List.clone()", |vm, a| {
        let list = list(vm, &a[0])?;
        let items = list.items.borrow().clone();
        Ok(Value::list(list.of.clone(), items))
    }),
    ("Same List.deepClone()", |vm, a| super::objects::deep(vm, &a[0], false)),
    ("Same List.deepClone(Boolean)", |vm, a| super::objects::deep(vm, &a[0], matches!(a[1], Value::Bool(true)))),
    ("Same List.deepClone(Boolean,Boolean,Boolean)", |vm, a| super::objects::deep(vm, &a[0], matches!(a[1], Value::Bool(true)))),
    ("System.ListIterator List.iterator()", |vm, a| vm.iterate(a[0].clone())),
    ("System.ListIterator Set.iterator()", |vm, a| vm.iterate(a[0].clone())),
    ("Schema.SObjectType List.getSObjectType()", |vm, a| {
        let of = list(vm, &a[0])?.of.clone();
        match of {
            Ty::Record(Some(name)) => Ok(vm.object(&name).map_or(Value::Null, |object| Value::native(Native::ObjectType(object)))),
            _ => Ok(Value::Null),
        }
    }),
    ("Boolean ListIterator.hasNext()", |_, a| {
        Ok(Value::Bool(
            matches!(&a[0], Value::Native(native) if matches!(&**native, Native::Iterator(state) if state.borrow().1 < state.borrow().0.len())),
        ))
    }),
    ("Object ListIterator.next()", |vm, a| {
        if let Value::Native(native) = &a[0]
            && let Native::Iterator(state) = &**native
        {
            let (items, at) = &mut *state.borrow_mut();
            if let Some(value) = items.get(*at).cloned() {
                *at += 1;
                return Ok(value);
            }
        }
        Err(vm.exception("NoSuchElementException", "Iterator has no more elements"))
    }),
    ("Boolean Set.add(T)", |vm, a| {
        let set = table(vm, &a[0])?;
        Ok(Value::Bool(vm.table_put(&set, a[1].clone(), Value::Null)?.is_none()))
    }),
    ("Boolean Set.addAll(List<T>)", |vm, a| {
        let (set, items) = (table(vm, &a[0])?, members(vm, &a[1])?);
        add_all(vm, &set, items)
    }),
    ("Boolean Set.addAll(Set<T>)", |vm, a| {
        let (set, items) = (table(vm, &a[0])?, members(vm, &a[1])?);
        add_all(vm, &set, items)
    }),
    ("Boolean Set.contains(T)", |vm, a| {
        let set = table(vm, &a[0])?;
        Ok(Value::Bool(vm.table_get(&set, &a[1])?.is_some()))
    }),
    ("Boolean Set.containsAll(List<T>)", |vm, a| contains_all(vm, &a)),
    ("Boolean Set.containsAll(Set<T>)", |vm, a| contains_all(vm, &a)),
    ("Boolean Set.remove(T)", |vm, a| {
        let set = table(vm, &a[0])?;
        Ok(Value::Bool(vm.table_remove(&set, &a[1])?.is_some()))
    }),
    ("Boolean Set.removeAll(List<T>)", |vm, a| keep(vm, &a, false)),
    ("Boolean Set.removeAll(Set<T>)", |vm, a| keep(vm, &a, false)),
    ("Boolean Set.retainAll(List<T>)", |vm, a| keep(vm, &a, true)),
    ("Boolean Set.retainAll(Set<T>)", |vm, a| keep(vm, &a, true)),
    ("Integer Set.size()", |vm, a| Ok(Value::Int(table(vm, &a[0])?.data.borrow().live as i32))),
    ("Boolean Set.isEmpty()", |vm, a| Ok(Value::Bool(table(vm, &a[0])?.data.borrow().live == 0))),
    ("void Set.clear()", |vm, a| {
        *table(vm, &a[0])?.data.borrow_mut() = Default::default();
        Ok(Value::Null)
    }),
    ("Same Set.clone()", |vm, a| clone_table(vm, &a[0]).map(Value::Set)),
    ("V Map.get(K)", |vm, a| {
        let map = table(vm, &a[0])?;
        Ok(vm.table_get(&map, &a[1])?.unwrap_or(Value::Null))
    }),
    ("V Map.put(K,V)", |vm, a| {
        let map = table(vm, &a[0])?;
        Ok(vm.table_put(&map, a[1].clone(), a[2].clone())?.unwrap_or(Value::Null))
    }),
    ("void Map.putAll(Map<K,V>)", |vm, a| {
        let map = table(vm, &a[0])?;
        put_all(vm, &map, &a[1])?;
        Ok(Value::Null)
    }),
    ("void Map.putAll(List<SObject>)", |vm, a| {
        let map = table(vm, &a[0])?;
        put_all(vm, &map, &a[1])?;
        Ok(Value::Null)
    }),
    ("Boolean Map.containsKey(K)", |vm, a| {
        let map = table(vm, &a[0])?;
        Ok(Value::Bool(vm.table_get(&map, &a[1])?.is_some()))
    }),
    ("V Map.remove(K)", |vm, a| {
        let map = table(vm, &a[0])?;
        Ok(vm.table_remove(&map, &a[1])?.unwrap_or(Value::Null))
    }),
    ("Set<K> Map.keySet()", |vm, a| {
        let map = table(vm, &a[0])?;
        let keys = map.data.borrow().pairs().map(|(key, _)| key.clone()).collect();
        vm.set_of(map.key.clone(), keys)
    }),
    ("List<V> Map.values()", |vm, a| {
        let map = table(vm, &a[0])?;
        let values = map.data.borrow().pairs().map(|(_, value)| value.clone()).collect();
        Ok(Value::list(map.value.clone(), values))
    }),
    ("Integer Map.size()", |vm, a| Ok(Value::Int(table(vm, &a[0])?.data.borrow().live as i32))),
    ("Boolean Map.isEmpty()", |vm, a| Ok(Value::Bool(table(vm, &a[0])?.data.borrow().live == 0))),
    ("void Map.clear()", |vm, a| {
        *table(vm, &a[0])?.data.borrow_mut() = Default::default();
        Ok(Value::Null)
    }),
    ("Same Map.clone()", |vm, a| clone_table(vm, &a[0]).map(Value::Map)),
    ("Same Map.deepClone()", |vm, a| {
        let own = table(vm, &a[0])?;
        let copy = vm.table(own.key.clone(), own.value.clone());
        let pairs: Vec<(Value, Value)> = own.data.borrow().pairs().cloned().collect();
        for (key, value) in pairs {
            let value = super::objects::copied(&value, true);
            vm.table_put(&copy, key, value)?;
        }
        Ok(Value::Map(copy))
    }),
];
