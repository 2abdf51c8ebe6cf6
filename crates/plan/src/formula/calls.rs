//! Types of calls.

use super::check::{Checker, illegal_type, wrong_number, wrong_type};
use super::functions::{self, Found, Function, Known, Takes};
use super::{Fault, Lookup, Node, Pattern, Purpose, Reference, Span, Type};
use orglet_schema::FieldType;
use orglet_syntax::formula::ast::{Expr, ExprKind};
use rust_decimal::Decimal;
use std::sync::Arc;

/// A call being checked.
struct Call<'e> {
    name: &'e str,
    args: &'e [Expr],
    span: Span,
    known: &'static Known,
}

impl Call<'_> {
    fn count(&self, expected: usize) -> Result<(), Fault> {
        match self.args.len() {
            n if n == expected => Ok(()),
            n => Err(wrong_number(self.name, expected, n, self.span)),
        }
    }

    fn illegal(&self) -> Fault {
        illegal_type(self.name, self.span)
    }

    fn wrong(&self, expected: &[Type], actual: &Type, at: &Expr) -> Fault {
        wrong_type(self.name, expected, actual, at.span)
    }

    fn node(&self, args: Vec<Node>) -> Node {
        Node::Call(self.known.function, args)
    }
}

impl Checker<'_> {
    pub(super) fn call(&mut self, name: &str, args: &[Expr], span: Span) -> Result<(Node, Type), Fault> {
        let known = match functions::find(name) {
            Found::Here(known) => known,
            Found::Elsewhere => return Err(not_here(name, span)),
            Found::NotBuilt => return Err(Fault::unsupported(span, format!("The function {} in formulas is", name.to_ascii_uppercase()))),
            Found::Unknown => return Err(Fault::new(span, format!("Unknown function {name}. Check spelling."))),
        };
        let of_record = [Function::IsNew, Function::IsClone, Function::IsChanged, Function::PriorValue];
        if self.purpose == Purpose::Default && of_record.contains(&known.function) {
            return Err(not_here(name, span));
        }
        let call = Call { name, args, span, known };
        match known.takes {
            Takes::These(types) => {
                call.count(types.len())?;
                let nodes = self.declared(&call, types)?;
                Ok((call.node(nodes), known.gives.ty()))
            }
            Takes::ButLast(types) => {
                if args.len() != types.len() {
                    call.count(types.len() - 1)?;
                }
                let nodes = self.declared(&call, types)?;
                Ok((call.node(nodes), known.gives.ty()))
            }
            Takes::Many(ty) => {
                // An AND of nothing is a truth, the greatest of nothing is none.
                if args.is_empty() && ty.ty() == Type::Number {
                    call.count(1)?;
                }
                let nodes = self.declared(&call, &vec![ty; args.len()])?;
                Ok((call.node(nodes), known.gives.ty()))
            }
            Takes::Special => self.special(&call),
        }
    }

    fn declared(&mut self, call: &Call<'_>, types: &[functions::Simple]) -> Result<Vec<Node>, Fault> {
        let mut nodes = Vec::with_capacity(call.args.len());
        for (arg, wanted) in call.args.iter().zip(types) {
            let (node, ty) = self.value(arg)?;
            if !ty.meets(&wanted.ty()) {
                return Err(call.wrong(&[wanted.ty()], &ty, arg));
            }
            nodes.push(node);
        }
        Ok(nodes)
    }

    fn special(&mut self, call: &Call<'_>) -> Result<(Node, Type), Fault> {
        use Type::*;
        match call.known.function {
            Function::If => self.if_(call),
            Function::Case => self.case(call),
            Function::IsBlank => self.is_blank(call),
            Function::NullValue | Function::BlankValue => self.substitute(call),
            Function::Text => self.text(call),
            Function::IsPickVal => self.is_pick_val(call),
            Function::Includes => self.includes(call),
            Function::PicklistCount => {
                call.count(1)?;
                let (node, ty) = self.any(&call.args[0])?;
                if ty != MultiPicklist {
                    return Err(call.wrong(&[MultiPicklist], &ty, &call.args[0]));
                }
                Ok((call.node(vec![node]), Number))
            }
            Function::IsChanged | Function::PriorValue => self.of_old(call),
            Function::DateValue => self.one_of(call, &[DateTime, Text], Date),
            Function::DateTimeValue => self.one_of(call, &[DateTime, Text, Date], DateTime),
            Function::TimeValue => self.one_of(call, &[DateTime, Text, Time], Time),
            Function::UnixTimestamp => self.one_of(call, &[DateTime, Date, Time], Number),
            Function::IsoWeek | Function::IsoYear => self.one_of(call, &[DateTime, Date], Number),
            Function::IsNumber => self.one_of(call, &[Text], Boolean),
            Function::AddMonths => {
                call.count(2)?;
                let ((date, ty), (months, other)) = (self.value(&call.args[0])?, self.value(&call.args[1])?);
                if ![Date, DateTime].contains(&ty) || other != Number {
                    return Err(call.illegal());
                }
                Ok((call.node(vec![date, months]), ty))
            }
            Function::Regex => {
                call.count(2)?;
                let ((text, ty), (pattern, other)) = (self.value(&call.args[0])?, self.value(&call.args[1])?);
                if !ty.is_text() || !other.is_text() {
                    return Err(call.illegal());
                }
                let pattern = match pattern {
                    Node::Text(pattern) => match Pattern::new(&pattern) {
                        Some(pattern) => Node::Pattern(Arc::new(pattern)),
                        None => return Err(Fault::new(call.args[1].span, format!("Incorrect parameter for function '{}()'.", call.name))),
                    },
                    other => other,
                };
                Ok((call.node(vec![text, pattern]), Boolean))
            }
            Function::Distance => self.distance(call),
            Function::VLookup => self.lookup(call),
            Function::Geolocation => self.geolocation(call),
            Function::FormatDuration => self.format_duration(call),
            _ => Err(call.illegal()),
        }
    }

    /// One argument of certain types.
    fn one_of(&mut self, call: &Call<'_>, types: &[Type], gives: Type) -> Result<(Node, Type), Fault> {
        call.count(1)?;
        let (node, ty) = self.value(&call.args[0])?;
        if !types.contains(&ty) {
            return Err(call.illegal());
        }
        Ok((call.node(vec![node]), gives))
    }

    fn if_(&mut self, call: &Call<'_>) -> Result<(Node, Type), Fault> {
        call.count(3)?;
        let [test, then, other] = [&call.args[0], &call.args[1], &call.args[2]];
        let (test_node, ty) = self.value(test)?;
        if ty != Type::Boolean {
            return Err(call.wrong(&[Type::Boolean], &ty, test));
        }
        let ((then_node, then_ty), (other_node, other_ty)) = (self.value(then)?, self.value(other)?);
        let ty = then_ty.common(&other_ty).ok_or_else(|| call.wrong(std::slice::from_ref(&then_ty), &other_ty, other))?;
        Ok((call.node(vec![test_node, then_node, other_node]), ty))
    }

    fn case(&mut self, call: &Call<'_>) -> Result<(Node, Type), Fault> {
        let n = call.args.len();
        if !n.is_multiple_of(2) || n < 4 {
            // The platform counts down from four in pairs.
            let expected = if n < 4 { n.div_ceil(2) * 2 } else { n - n % 2 };
            return Err(wrong_number(call.name, expected, n, call.span));
        }
        let asked = self.inside_text(&call.args[0]);
        let (first, mut ty) = self.any(asked)?;
        let literals = call.args[1..n - 1].iter().step_by(2).all(|a| matches!(a.kind, ExprKind::Text(_)));
        let picks = ty == Type::Picklist && (literals || matches!(call.args[0].kind, ExprKind::Field(_)));
        let first = if picks {
            first
        } else {
            let whole = std::ptr::eq(asked, &call.args[0]);
            let (node, own) = if whole { self.no_picklist(asked, (first, ty))? } else { self.value(&call.args[0])? };
            ty = own;
            node
        };
        if matches!(ty, Type::Boolean | Type::Location) {
            return Err(call.illegal());
        }
        let (mut nodes, mut gives) = (vec![first], Type::Null);
        for (i, arg) in call.args.iter().enumerate().skip(1) {
            let (node, own) = self.value(arg)?;
            let is_when = i % 2 == 1 && i < n - 1;
            if is_when && picks {
                if !matches!(arg.kind, ExprKind::Text(_)) {
                    return Err(call.wrong(&[], &own, arg));
                }
            } else if own == Type::Boolean {
                return Err(call.illegal());
            } else if is_when {
                ty = if ty == Type::Null { own.clone() } else { ty };
                if own.common(&ty).is_none() {
                    return Err(call.wrong(std::slice::from_ref(&ty), &own, arg));
                }
            } else {
                gives = gives.common(&own).ok_or_else(|| call.wrong(std::slice::from_ref(&gives), &own, arg))?;
            }
            nodes.push(node);
        }
        let function = match picks {
            true => Function::PickCase,
            false if ty.is_text() => Function::TextCase,
            false => Function::Case,
        };
        Ok((Node::Call(function, nodes), gives))
    }

    /// The field in `TEXT(field)`, or the expression itself.
    fn inside_text<'e>(&self, expr: &'e Expr) -> &'e Expr {
        match &expr.kind {
            ExprKind::Call { name, args } if name.eq_ignore_ascii_case("TEXT") && args.len() == 1 => match &args[0].kind {
                ExprKind::Field(_) => &args[0],
                _ => expr,
            },
            _ => expr,
        }
    }

    /// ISBLANK and ISNULL. Text is never null to the latter, only empty.
    fn is_blank(&mut self, call: &Call<'_>) -> Result<(Node, Type), Fault> {
        call.count(1)?;
        let (mut node, ty) = self.any(&call.args[0])?;
        match ty {
            Type::MultiPicklist => {}
            Type::Boolean => return Err(call.illegal()),
            _ => node = self.no_picklist(&call.args[0], (node, ty.clone()))?.0,
        }
        if call.name.eq_ignore_ascii_case("ISNULL") && ty.is_text() {
            return Ok((Node::Bool(false), Type::Boolean));
        }
        Ok((call.node(vec![node]), Type::Boolean))
    }

    /// BLANKVALUE and NULLVALUE. Text is never null to the latter, so that nothing takes its place.
    fn substitute(&mut self, call: &Call<'_>) -> Result<(Node, Type), Fault> {
        call.count(2)?;
        let ((node, ty), (other, other_ty)) = (self.value(&call.args[0])?, self.value(&call.args[1])?);
        if matches!(ty, Type::Boolean | Type::Location) {
            return Err(call.illegal());
        }
        if !ty.meets(&other_ty) {
            return Err(call.wrong(&[ty], &other_ty, &call.args[1]));
        }
        let gives = if ty == Type::Null { other_ty.clone() } else { ty.clone() };
        if call.known.function == Function::NullValue && (ty.is_text() || other_ty.is_text()) {
            return Ok((node, gives));
        }
        Ok((call.node(vec![node, other]), gives))
    }

    fn text(&mut self, call: &Call<'_>) -> Result<(Node, Type), Fault> {
        use Type::*;
        call.count(1)?;
        let (node, ty) = self.any(&call.args[0])?;
        match ty {
            Null | Number | Date | DateTime | Time | Picklist => Ok((call.node(vec![node]), Text)),
            MultiPicklist => self.no_picklist(&call.args[0], (node, ty)),
            ty => Err(call.wrong(&[Number, Date, DateTime, Picklist], &ty, &call.args[0])),
        }
    }

    fn is_pick_val(&mut self, call: &Call<'_>) -> Result<(Node, Type), Fault> {
        call.count(2)?;
        let (field, ty) = self.any(&call.args[0])?;
        if ty != Type::Picklist {
            return Err(call.wrong(&[Type::Picklist], &ty, &call.args[0]));
        }
        let literal = self.literal(call, &call.args[1])?;
        Ok((call.node(vec![field, literal]), Type::Boolean))
    }

    fn includes(&mut self, call: &Call<'_>) -> Result<(Node, Type), Fault> {
        call.count(2)?;
        let (field, ty) = self.any(&call.args[0])?;
        if ty != Type::MultiPicklist {
            return Err(call.wrong(&[Type::MultiPicklist], &ty, &call.args[0]));
        }
        let literal = self.literal(call, &call.args[1])?;
        if matches!(&literal, Node::Text(t) if t.trim().is_empty()) {
            let text =
                "Incorrect parameter for function INCLUDES(). Text Literal must be a valid value for this multi-select picklist field.";
            return Err(Fault::new(call.args[1].span, text));
        }
        Ok((call.node(vec![field, literal]), Type::Boolean))
    }

    /// An argument that must be a quoted text.
    fn literal(&mut self, call: &Call<'_>, arg: &Expr) -> Result<Node, Fault> {
        if let ExprKind::Text(text) = &arg.kind {
            return Ok(Node::Text(text.clone()));
        }
        let ty = self.any(arg)?.1.label();
        let name = call.name;
        Err(Fault::new(arg.span, format!("Incorrect parameter type for function '{name}()'. Expected Text Literal, received {ty}")))
    }

    /// ISCHANGED and PRIORVALUE: of a field of the record itself.
    fn of_old(&mut self, call: &Call<'_>) -> Result<(Node, Type), Fault> {
        call.count(1)?;
        let (node, ty) = self.any(&call.args[0])?;
        let ExprKind::Field(field) = &call.args[0].kind else { return Err(call.illegal()) };
        if field.contains('.') {
            let name = call.name.to_ascii_uppercase();
            return Err(Fault::new(call.args[0].span, format!("The {name} function cannot reference the {field} field.")));
        }
        match call.known.function {
            Function::PriorValue if ty == Type::Location => Err(call.illegal()),
            Function::PriorValue => Ok((call.node(vec![node]), ty)),
            _ => Ok((call.node(vec![node]), Type::Boolean)),
        }
    }

    /// VLOOKUP: a field of the first record of a custom object that has a name (the platform's help on the function).
    fn lookup(&mut self, call: &Call<'_>) -> Result<(Node, Type), Fault> {
        call.count(3)?;
        let merge_field = |arg: &Expr| match &arg.kind {
            ExprKind::Field(name) => self.merge_field(name).filter(|(object, _)| object.custom),
            _ => None,
        };
        let expected = |what: &str, at: &Expr| {
            Fault::new(at.span, format!("Incorrect parameter for function '{}()'. Expected {what} field reference.", call.name))
        };
        let (object, field) = merge_field(&call.args[0]).ok_or_else(|| expected("Custom Object", &call.args[0]))?;
        let key = merge_field(&call.args[1]).filter(|(other, key)| other.name == object.name && other.fields()[*key].name_field);
        let (_, key) = key.ok_or_else(|| expected("Record Name", &call.args[1]))?;
        let (value, ty) = self.value(&call.args[2])?;
        if !ty.meets(&Type::Text) {
            return Err(call.wrong(&[Type::Text], &ty, &call.args[2]));
        }
        let found = &object.fields()[field];
        let gives = match self.type_of(found, &found.name, call.args[0].span)? {
            Type::Picklist | Type::MultiPicklist => Type::Text,
            Type::Location => return Err(call.illegal()),
            ty => ty,
        };
        for index in [key, field] {
            self.places.looked_up.push((object.name.clone(), object.fields()[index].name.clone()));
        }
        let field = Reference { place: 0, field, percent: found.ty == FieldType::Percent, location: None };
        Ok((Node::Lookup(Box::new(Lookup { object, key, field, value })), gives))
    }

    fn distance(&mut self, call: &Call<'_>) -> Result<(Node, Type), Fault> {
        call.count(3)?;
        let mut nodes = Vec::new();
        for (arg, wanted) in call.args.iter().zip([Type::Location, Type::Location, Type::Text]) {
            let (node, ty) = self.value(arg)?;
            if ty != wanted {
                return Err(call.wrong(&[wanted], &ty, arg));
            }
            nodes.push(node);
        }
        if let ExprKind::Text(unit) = &call.args[2].kind
            && !["mi", "km"].contains(&unit.to_ascii_lowercase().as_str())
        {
            let text = format!("Incorrect parameter value for function 'DISTANCE()'. Expected 'mi'/'km', received \"{unit}\"");
            return Err(Fault::new(call.args[2].span, text));
        }
        Ok((call.node(nodes), Type::Number))
    }

    fn geolocation(&mut self, call: &Call<'_>) -> Result<(Node, Type), Fault> {
        call.count(2)?;
        let mut nodes = Vec::new();
        for (arg, most) in call.args.iter().zip([90, 180]) {
            let (node, ty) = self.value(arg)?;
            if ty != Type::Number {
                return Err(call.wrong(&[Type::Number], &ty, arg));
            }
            if matches!(&node, Node::Number(n) if n.abs() > Decimal::from(most)) {
                return Err(Fault::new(arg.span, "Incorrect parameter for function 'GEOLOCATION()'."));
            }
            nodes.push(node);
        }
        Ok((call.node(nodes), Type::Location))
    }

    fn format_duration(&mut self, call: &Call<'_>) -> Result<(Node, Type), Fault> {
        use Type::*;
        match call.args {
            [] => Err(wrong_number(call.name, 1, 0, call.span)),
            [seconds] => {
                let (node, ty) = self.value(seconds)?;
                if ty != Number {
                    return Err(call.wrong(&[Number], &ty, seconds));
                }
                Ok((call.node(vec![node]), Text))
            }
            [left, right] => {
                let ((a, ty), (b, other)) = (self.value(left)?, self.value(right)?);
                let wanted = match ty {
                    _ if ty == Null || other == Null => other.clone(),
                    DateTime | Time => ty.clone(),
                    Number => Boolean,
                    _ => return Err(call.wrong(&[Number, Time, DateTime], &ty, left)),
                };
                if other != wanted {
                    return Err(call.wrong(&[wanted], &other, right));
                }
                Ok((call.node(vec![a, b]), Text))
            }
            more => Err(wrong_number(call.name, 2, more.len(), call.span)),
        }
    }
}

fn not_here(name: &str, span: Span) -> Fault {
    Fault::new(span, format!("Function {} may not be used in this type of formula", name.to_ascii_uppercase()))
}
