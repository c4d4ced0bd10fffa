//! The style of the picture, with the colours of the page's style sheet. They are written out,
//! since not every program that shows SVG knows variables.

/// What the page's style sheet does not say about a picture.
const OWN: &str = "\
.page { fill: var(--page); }
.card { fill: var(--card); stroke: var(--line); }
text { fill: var(--text); }
.strong, .state { font-weight: 600; }
.state { font-size: 16px; }
.code { font-family: monospace; }
.quiet { fill: var(--quiet); }
.link { fill: var(--link); text-decoration: underline; }
.good { fill: var(--fresh); }
.bad { fill: var(--over); }
";

/// Returns the style sheet, light and dark.
pub(super) fn style(page: &str) -> String {
    let drawn = page.lines().filter(|line| {
        let starts = ["svg text", "svg .", ".spare"];
        starts.iter().any(|start| line.starts_with(start))
    });
    let drawn = drawn.map(|line| match line.strip_prefix("svg text {") {
        // Weaker than the rules of a class, as on the page.
        Some(rest) => format!("svg svg text {{{rest}"),
        None => line.replace("svg ", ""),
    });
    let rules: Vec<String> = OWN.lines().map(str::to_owned).chain(drawn).collect();
    let coloured = rules.iter().filter(|rule| rule.contains("var("));
    let (light, dark) = page.split_once("prefers-color-scheme: dark").unwrap();
    let light: String = rules.iter().map(|rule| filled(rule, light)).collect();
    let dark: String = coloured.map(|rule| filled(rule, dark)).collect();
    format!("{light}@media (prefers-color-scheme: dark) {{\n{dark}}}\n")
}

/// Returns a rule with the values of the variables that are set here.
fn filled(rule: &str, values: &str) -> String {
    let mut rule = format!("{rule}\n");
    let set = values.lines().filter_map(|line| {
        let (name, value) = line.trim().strip_suffix(';')?.split_once(": ")?;
        name.starts_with("--").then_some((name, value))
    });
    for (name, value) in set {
        rule = rule.replace(&format!("var({name})"), value);
    }
    assert!(!rule.contains("var("), "{rule}");
    rule
}
