//! The operations of a resource: a builder for each.

use std::fmt::Write as _;

use super::{
    Writer,
    file::reference,
    names::{pascal, snake},
    parameter::Argument,
};
use crate::{Error, Operation, Resource, Result};

impl Writer<'_> {
    pub(super) fn operations(&mut self, resource: &Resource) -> Result<String> {
        let mut code = String::new();
        for operation in &resource.operations {
            code.push_str(&self.operation(resource, operation)?);
        }
        Ok(self.file(&self.words.resource(&resource.name), &code))
    }

    /// What an operation is called in Rust.
    pub(super) fn operation_name(&self, resource: &Resource, operation: &Operation) -> String {
        let name = self.words.operation_name(&format!("{}.{}", resource.name, operation.name));
        name.map_or_else(|| pascal(&operation.name), str::to_owned)
    }

    fn operation(&mut self, resource: &Resource, operation: &Operation) -> Result<String> {
        let arguments = operation.parameters.iter();
        let arguments = arguments.map(|parameter| self.argument(resource, operation, parameter));
        let arguments = arguments.collect::<Result<Vec<_>>>()?;
        let page = format!("{}_REST_API", pascal(&resource.name.to_lowercase()));
        let mut doc = format!("/// {}\n", self.words.operation(&resource.name, &operation.name));
        doc.push_str(&reference(&self.description.version, &page, &operation.name));
        let info = self.info(resource, operation, &arguments)?;
        if operation.websocket {
            let name = snake(&operation.name).to_uppercase();
            return Ok(format!("{doc}pub const {name}: &OperationInfo = {info};\n\n"));
        }
        let name = self.operation_name(resource, operation);
        let builder = builder(&name, &doc, &arguments);
        let (answer, read) = self.answer(resource, operation)?;
        let puts: String = arguments.iter().map(Argument::put).collect();
        let parts = if puts.is_empty() {
            "Ok(Parts::new(Self::INFO))".to_owned()
        } else {
            format!("let mut parts = Parts::new(Self::INFO);\n{puts}Ok(parts)")
        };
        Ok(format!(
            "{builder}\nimpl Operation for {name} {{\ntype Answer = {answer};\n\
             const INFO: &'static OperationInfo = {info};\n\n\
             fn parts(self) -> Result<Parts, WrongParameter> {{\n{parts}\n}}\n\n\
             fn answer({read}\n}}\n}}\n\n"
        ))
    }

    /// The type of the answer, and the rest of the function that reads it.
    fn answer(&self, resource: &Resource, operation: &Operation) -> Result<(String, String)> {
        let is_model = |name: &str| self.description.models().any(|model| model.name == name);
        let answer = operation.answer.as_str();
        let entry = answer.strip_prefix("List[").and_then(|rest| rest.strip_suffix(']'));
        let json = |answer: String| {
            let read = format!("response: &Response) -> crate::Result<{answer}> {{\nresponse.json()");
            Ok((answer, read))
        };
        match (answer, entry) {
            ("void", _) => Ok(("()".to_owned(), "_: &Response) -> crate::Result<()> {\nOk(())".to_owned())),
            ("binary", _) => {
                let read = "response: &Response) -> crate::Result<Bytes> {\nOk(response.body().clone())";
                Ok(("Bytes".to_owned(), read.to_owned()))
            }
            (_, Some(model)) if is_model(model) => json(format!("Vec<{model}>")),
            (model, None) if is_model(model) => json(model.to_owned()),
            _ => {
                let problem = format!("{} answers {answer}, which is no model", operation.name);
                Err(Error::description(&resource.name, problem))
            }
        }
    }

    fn info(&self, resource: &Resource, operation: &Operation, arguments: &[Argument<'_>]) -> Result<String> {
        let (name, path) = (&operation.name, &operation.path);
        let method = pascal(&operation.method);
        if !["Get", "Post", "Put", "Delete"].contains(&method.as_str()) {
            return Err(Error::description(&resource.name, format!("{name} has the method {method}")));
        }
        let mut info =
            format!("&OperationInfo::new({:?}, {name:?}, Method::{method}, {path:?})", resource.name);
        if !arguments.is_empty() {
            let list: Vec<_> = arguments.iter().map(Argument::info).collect();
            let _ = write!(info, ".parameters(&[{}])", list.join(", "));
        }
        if let Some(made) = self.words.makes(&format!("{}.{name}", resource.name)) {
            let _ = write!(info, ".makes(ObjectKind::{}, {:?})", made.kind, made.parameter);
        }
        if operation.websocket {
            info.push_str(".websocket()");
        }
        Ok(info)
    }
}

/// The structure that holds the parameters, and its methods.
fn builder(name: &str, doc: &str, arguments: &[Argument<'_>]) -> String {
    let (required, optional): (Vec<_>, Vec<_>) =
        arguments.iter().partition(|argument| argument.parameter.required);
    let fields: String = arguments.iter().map(Argument::field).collect();
    let default = if required.is_empty() { ", Default" } else { "" };
    let taken: Vec<_> = required.iter().map(|argument| argument.taken()).collect();
    let held = arguments.iter().map(|argument| match argument.parameter {
        parameter if parameter.required && argument.held() == argument.name => argument.name.clone() + ",",
        parameter if parameter.required => format!("{}: {},", argument.name, argument.held()),
        parameter if parameter.list => format!("{}: Vec::new(),", argument.name),
        _ => format!("{}: None,", argument.name),
    });
    let held: String = held.collect();
    let with = required.iter().map(|argument| format!("/// * `{}`: {}\n", argument.name, argument.words));
    let with: String = with.collect();
    let with = if with.is_empty() { with } else { format!("///\n{with}") };
    let mut code = format!(
        "{doc}#[derive(Debug, Clone, PartialEq{default})]\n\
         #[must_use = \"an operation is carried out by `Call::run`\"]\n\
         pub struct {name} {{\n{fields}}}\n\nimpl {name} {{\n\
         /// With what it cannot do without.\n{with}pub fn new({}) -> Self {{\nSelf {{ {held} }}\n}}\n",
        taken.join(", ")
    );
    for argument in optional {
        let (method, taken, held) = (&argument.name, argument.taken(), argument.held());
        let held = if argument.parameter.list { held } else { format!("Some({held})") };
        let _ = write!(
            code,
            "\n/// {}\npub fn {method}(mut self, {taken}) -> Self {{\nself.{method} = {held};\nself\n}}\n",
            argument.words
        );
    }
    code + "}\n"
}
