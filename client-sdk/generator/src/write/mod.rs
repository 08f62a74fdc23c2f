//! Writing Rust.

mod events;
mod file;
mod listed;
mod models;
mod names;
mod operations;
mod parameter;
mod root;
mod rustfmt;

use std::collections::BTreeMap;

use listed::Listed;

use crate::{Description, Error, FACTS, Result, Words};

/// What all files are made from.
struct Writer<'a> {
    description: &'a Description,
    words: &'a Words,
    /// The types with listed values that were met.
    listed: Listed,
}

/// Writes the files, by their paths in `client-sdk/src/ari`.
///
/// What there are no words for is an error, unless `allow_unknown`.
///
/// # Errors
/// `Unknown` for what has no words; `Words` and `Description` where they do not go together; `Format` when rustfmt fails.
pub fn write(
    description: &Description,
    words: &Words,
    allow_unknown: bool,
) -> Result<BTreeMap<String, String>> {
    let mut writer = Writer { description, words, listed: Listed::default() };
    let mut files = BTreeMap::new();
    for resource in &description.resources {
        let module = names::snake(&resource.name);
        files.insert(format!("{module}.rs"), writer.operations(resource)?);
        let models = writer.models(resource)?;
        files.extend(models.map(|text| (format!("model/{module}.rs"), text)));
    }
    files.insert("event/bodies.rs".to_owned(), writer.event_bodies()?);
    files.insert("event/mod.rs".to_owned(), writer.event_enum());
    files.insert("model/mod.rs".to_owned(), writer.model_root());
    files.insert("ids.rs".to_owned(), writer.ids());
    files.insert("choices.rs".to_owned(), writer.choices());
    files.insert("values.rs".to_owned(), writer.values());
    files.insert("mod.rs".to_owned(), writer.root());
    let missing = words.take_missing();
    if !missing.is_empty() && !allow_unknown {
        return Err(Error::Unknown(missing));
    }
    let mut formatted = files
        .into_iter()
        .map(|(path, text)| Ok((path, rustfmt::format(&text)?)))
        .collect::<Result<BTreeMap<_, _>>>()?;
    formatted.insert(FACTS.to_owned(), description.facts().to_string());
    Ok(formatted)
}

#[cfg(test)]
mod tests {
    use crate::describe::tests::garden;

    use super::*;

    /// Words for some of the garden.
    const WORDS: &str = r#"
        [ids]
        ApplicationName = "A name."
        PlantId = "The id of a plant."
        [resources]
        plants = "Plants."
        [operations.plants]
        list = "Lists all plants."
        [parameters]
        plantId = "The plant."
        [models]
        Plant = "A plant."
        [fields]
        id = "Its id."
        [values.Height]
        words = "How tall."
        of = { tall = "Tall.", "*" = { name = "Any", words = "However tall." } }
        [shape.operation_names]
        "plants.sow" = "SowSeed"
        [shape.parameter_names]
        depthms = "depth"
        [shape.field_names]
        type = "kind"
        [shape.parameter_types]
        plantId = "PlantId"
        kind = "Height"
        depthms = "milliseconds"
        [shape.field_types]
        application = "ApplicationName"
        id = "PlantId"
        [shape.makes]
        "plants.sow" = { kind = "Bridge", parameter = "plantId" }
        [shape.lenient]
        "Plant.sown" = "wild plants have none"
    "#;

    fn written() -> BTreeMap<String, String> {
        write(&garden(), &Words::read(WORDS).unwrap(), true).unwrap()
    }

    fn assert_has(text: &str, lines: &[&str]) {
        for line in lines {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn an_operation_becomes_a_builder() {
        assert_has(
            &written()["plants.rs"],
            &[
                "//! Plants.",
                "/// Lists all plants.",
                "Asterisk_1_Documentation/API_Documentation/Asterisk_REST_Interface/Plants_REST_API/#list",
                "type Answer = Vec<Plant>;",
                "pub fn new(kind: impl IntoIterator<Item = impl Into<Height>>) -> Self",
                "pub fn depth(mut self, depth: Duration) -> Self",
                "pub fn plant_id(mut self, plant_id: impl Into<PlantId>) -> Self",
                r#"parts.number("depthms", self.depth.map(milliseconds), 0, 9)?;"#,
                r#".values(&["tall", "half-tall", "*"])"#,
                r#".makes(ObjectKind::Bridge, "plantId")"#,
                r#"parts.path("plantId", self.plant_id)?;"#,
                "pub const WATCH: &OperationInfo",
            ],
        );
    }

    #[test]
    fn a_model_becomes_a_structure_and_an_event_a_variant() {
        let files = written();
        assert_has(
            &files["model/plants.rs"],
            &[
                "/// A plant.",
                "pub id: PlantId,",
                "pub state: PlantState,",
                "pub mother: Option<Box<Plant>>,",
                "pub sown: Option<OffsetDateTime>,",
                "pub extra: Map<String, Value>,",
            ],
        );
        assert_has(
            &files["event/bodies.rs"],
            &["pub kind: String,", "pub on: Vec<Plant>,", "#[serde(rename = \"type\")]"],
        );
        assert_has(&files["event/mod.rs"], &["        Rain,"]);
        assert_has(
            &files["choices.rs"],
            &["/// However tall.\n        Any = \"*\",", "HalfTall = \"half-tall\","],
        );
        assert_has(&files["values.rs"], &["InBloom = \"in bloom\","]);
        assert_has(
            &files["mod.rs"],
            &["<plants::SowSeed as Operation>::INFO,", "ASTERISK_VERSION: &str = \"1.2.3\""],
        );
    }

    #[test]
    fn the_same_is_written_each_time() {
        assert_eq!(written(), written());
    }

    #[test]
    fn what_has_no_words_is_an_error_that_names_all_of_it() {
        let error = write(&garden(), &Words::read(WORDS).unwrap(), false).unwrap_err();
        let Error::Unknown(missing) = error else { panic!("{error}") };
        for name in
            ["operation plants.sow", "parameter plants.sow.depthms", "value Height.half-tall", "model Rain"]
        {
            assert!(missing.contains(&name.to_owned()), "{name} is not in {missing:?}");
        }
    }

    #[test]
    fn one_type_for_two_lists_and_a_type_that_does_not_fit_are_errors() {
        let wrong = [
            ("kind = \"Height\"", "kind = \"seconds\""),
            ("id = \"PlantId\"", "id = \"PlantId\"\nsown = \"PlantId\""),
            ("id = \"PlantId\"", "id = \"PlantId\"\nstate = \"Height\""),
        ];
        let texts = wrong.map(|(from, to)| {
            // The last: some stand among the parameters too.
            let (before, after) = WORDS.rsplit_once(from).unwrap();
            let words = Words::read(&format!("{before}{to}{after}")).unwrap();
            write(&garden(), &words, true).unwrap_err().to_string()
        });
        assert!(texts[0].contains("kind of plants.sow is string"), "{texts:?}");
        assert!(texts[1].contains("Plant.sown is Date"), "{texts:?}");
        assert!(texts[2].contains("Height is one type for a parameter and a field"), "{texts:?}");
    }
}
