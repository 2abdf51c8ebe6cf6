//! What is told of classes to those who route to them.

use super::Builder;
use crate::ast::{ClassDecl, ClassKind, Member, MethodDecl};
use crate::outcome::{ClassInfo, InvocableInfo, InvocableVariable};
use crate::ty::Ty;

const HTTP: &[(&str, &str)] =
    &[("httpget", "GET"), ("httppost", "POST"), ("httpput", "PUT"), ("httppatch", "PATCH"), ("httpdelete", "DELETE")];

impl Builder<'_> {
    pub(super) fn class_info(&self, decl: &ClassDecl, length: usize) -> ClassInfo {
        let id = self.names.get(&decl.name.to_ascii_lowercase()).copied();
        let global = decl.modifiers.has("global");
        let mut info = ClassInfo {
            name: decl.name.clone(),
            global,
            public: global || decl.modifiers.has("public"),
            is_test: decl.modifiers.annotation("istest").is_some(),
            instantiable: decl.kind == ClassKind::Class && !decl.modifiers.has("abstract"),
            url_mapping: decl.modifiers.annotation("restresource").and_then(|own| own.param("urlmapping")).map(str::to_owned),
            http_methods: Vec::new(),
            invocable: None,
            interfaces: Vec::new(),
            extends: decl.extends.as_ref().map(|ty| ty.text()),
            length_without_comments: length,
        };
        let Some(id) = id else { return info };
        for of in &self.class(id).is_a {
            if self.class(*of).kind == ClassKind::Interface && *of != id {
                info.interfaces.push(self.class(*of).full_name.to_string());
            }
        }
        for member in &decl.members {
            let Member::Method(method) = member else { continue };
            for (annotation, verb) in HTTP {
                if method.modifiers.annotation(annotation).is_some() {
                    info.http_methods.push(((*verb).to_owned(), method.name.clone()));
                }
            }
            if let Some(annotation) = method.modifiers.annotation("invocablemethod") {
                let param = |name: &str| annotation.param(name).map(str::to_owned);
                info.invocable = Some(InvocableInfo {
                    method: method.name.clone(),
                    label: param("label"),
                    description: param("description"),
                    category: param("category"),
                    inputs: self.variables(id, method, true),
                    outputs: self.variables(id, method, false),
                });
            }
        }
        info
    }

    fn variables(&self, class: u32, method: &MethodDecl, input: bool) -> Vec<InvocableVariable> {
        let ty = if input { method.params.first().map(|(ty, _)| ty) } else { method.returns.as_ref() };
        let Some(Ok(ty)) = ty.map(|ty| self.resolve(ty, Some(class))) else { return Vec::new() };
        match ty {
            Ty::Void => Vec::new(),
            Ty::List(of) => match &*of {
                Ty::Class(of) => {
                    let of = self.class(*of);
                    let mut fields: Vec<_> = of.fields.values().filter(|field| !field.is_static).collect();
                    fields.sort_by_key(|field| field.slot);
                    fields
                        .into_iter()
                        .map(|field| InvocableVariable {
                            name: field.name.to_string(),
                            type_name: field.ty.show(&self.classes),
                            ..Default::default()
                        })
                        .collect()
                }
                of => vec![InvocableVariable { type_name: of.show(&self.classes), ..Default::default() }],
            },
            other => vec![InvocableVariable { type_name: other.show(&self.classes), ..Default::default() }],
        }
    }
}
