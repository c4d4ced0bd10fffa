//! The page as SVG, for the documents: its content is read from its HTML, and laid out here.

mod colours;

use roxmltree::{Document, Node};

/// The width of the picture, and what is kept free beside the page and in its cards.
const WIDTH: u32 = 800;
const MARGIN: u32 = 16;
const PADDING: u32 = 16;
/// Where the second column of a card begins.
const COLUMN: u32 = 176;
/// Letters are not wider than this on average, in hundredths of the font's size.
const LETTER: u32 = 54;

/// Returns the picture of a page with this style sheet.
pub(super) fn svg(page: &str, style: &str) -> String {
    let (_, body) = page.split_once("<body>").unwrap();
    let (body, _) = body.split_once("</body>").unwrap();
    let body = format!("<body>{body}</body>");
    let document = Document::parse(&body).unwrap();
    let mut sheet = Sheet {
        left: MARGIN,
        y: MARGIN,
        cards: String::new(),
        content: String::new(),
    };
    sheet.blocks(document.root_element());
    sheet.finish(&colours::style(style))
}

/// What is drawn so far.
struct Sheet {
    left: u32,
    y: u32,
    /// The cards, behind the content.
    cards: String,
    content: String,
}

/// A piece of text that looks the same throughout.
struct Run<'a> {
    text: &'a str,
    class: String,
}

/// How a line of text is set.
#[derive(Clone, Copy)]
struct Setting {
    class: &'static str,
    size: u32,
    height: u32,
}

const H1: Setting = Setting {
    class: "strong",
    size: 24,
    height: 36,
};
const H2: Setting = Setting {
    class: "strong",
    size: 19,
    height: 30,
};
const H3: Setting = Setting {
    class: "strong",
    size: 15,
    height: 28,
};
const PARAGRAPH: Setting = Setting {
    class: "",
    size: 15,
    height: 23,
};
const QUIET: Setting = Setting {
    class: "quiet",
    ..PARAGRAPH
};

impl Sheet {
    fn blocks(&mut self, parent: Node<'_, '_>) {
        parent
            .children()
            .filter(Node::is_element)
            .for_each(|node| self.block(node));
    }

    fn block(&mut self, node: Node<'_, '_>) {
        let is_quiet = || {
            let mut above = node.ancestors();
            above.any(|it| ["header", "footer"].contains(&it.tag_name().name()))
        };
        match (node.tag_name().name(), node.attribute("class")) {
            ("section", _) => self.card(node),
            ("h1", _) => self.text(node, H1, 0),
            ("h2", _) => self.text(node, H2, 0),
            ("h3", _) => {
                self.y += 6;
                self.text(node, H3, 0);
            }
            ("p", _) if is_quiet() => self.text(node, QUIET, 0),
            ("p", _) => self.text(node, PARAGRAPH, 0),
            ("ul", Some("legend")) => self.legend(node),
            ("li", _) => {
                self.put(&[Run::plain("•")], PARAGRAPH, self.left + 4);
                self.text(node, PARAGRAPH, 20);
            }
            ("svg", _) => self.picture(node),
            ("dt", _) => self.text(node, QUIET, 0),
            ("dd", _) => {
                self.y -= QUIET.height;
                self.text(node, PARAGRAPH, COLUMN);
            }
            _ => self.blocks(node),
        }
    }

    fn card(&mut self, node: Node<'_, '_>) {
        let top = self.y + 10;
        (self.left, self.y) = (MARGIN + PADDING, top + PADDING);
        self.blocks(node);
        self.y += PADDING;
        let (width, height) = (WIDTH - 2 * MARGIN, self.y - top);
        self.cards += &format!(
            "<rect class=\"card\" x=\"{MARGIN}.5\" y=\"{top}.5\" width=\"{}\" height=\"{height}\" \
             rx=\"8\"/>\n",
            width - 1
        );
        (self.left, self.y) = (MARGIN, self.y + 8);
    }

    /// Draws the colours and what they mean, in one row.
    fn legend(&mut self, node: Node<'_, '_>) {
        self.y += 4;
        let mut x = self.left;
        for item in node.children().filter(Node::is_element) {
            let swatch = item.first_element_child().unwrap();
            self.swatch(swatch, x);
            let meaning = item.last_child().unwrap().text().unwrap();
            self.put(&[Run::plain(meaning)], PARAGRAPH, x + 22);
            x += 44 + PARAGRAPH.width(meaning);
        }
        self.y += PARAGRAPH.height;
    }

    fn swatch(&mut self, swatch: Node<'_, '_>, x: u32) {
        let class = swatch.attribute("class").unwrap().replace("swatch ", "");
        if let Some(text) = swatch.text() {
            return self.put(&[Run { text, class }], PARAGRAPH, x + 4);
        }
        let y = self.y + 5;
        self.content +=
            &format!("<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"16\" height=\"12\"/>\n");
    }

    /// Copies a card's own picture.
    fn picture(&mut self, node: Node<'_, '_>) {
        let source = node.document().input_text();
        let source = source.get(node.range()).unwrap();
        let width = WIDTH - 2 * (MARGIN + PADDING);
        let (left, top) = (self.left, self.y + 8);
        let begin = format!("<svg class=\"picture\" x=\"{left}\" y=\"{top}\" ");
        let source = source.replacen("<svg ", &begin, 1);
        let source = source.replacen("width=\"100%\"", &format!("width=\"{width}\""), 1);
        self.content += &format!("{source}\n");
        let height: u32 = node.attribute("height").unwrap().parse().unwrap();
        self.y += height + 16;
    }

    /// Draws a text in as many lines as it needs.
    fn text(&mut self, node: Node<'_, '_>, setting: Setting, indent: u32) {
        let x = self.left + indent;
        let room = WIDTH - x - MARGIN - PADDING;
        let runs = runs(node);
        let (mut line, mut used) = (Vec::new(), 0);
        for word in runs.iter().flat_map(Run::words) {
            let width = setting.width(word.text);
            if used > 0 && used + width > room {
                self.put(&std::mem::take(&mut line), setting, x);
                self.y += setting.height;
                used = 0;
            }
            used += width;
            line.push(word);
        }
        self.put(&line, setting, x);
        self.y += setting.height;
    }

    /// Draws one line.
    fn put(&mut self, words: &[Run<'_>], setting: Setting, x: u32) {
        let Setting { class, size, .. } = setting;
        let y = self.y + size + 2;
        self.content +=
            &format!("<text class=\"{class}\" x=\"{x}\" y=\"{y}\" font-size=\"{size}\">");
        for alike in words.chunk_by(|a, b| a.class == b.class) {
            let text: String = alike.iter().map(|word| word.text).collect();
            let text = escaped(&text);
            self.content += &match &*alike[0].class {
                "" => text,
                class => format!("<tspan class=\"{class}\">{text}</tspan>"),
            };
        }
        self.content += "</text>\n";
    }

    fn finish(self, style: &str) -> String {
        let height = self.y + MARGIN;
        let Self { cards, content, .. } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
             width=\"{WIDTH}\" height=\"{height}\" \
             font-family=\"system-ui, Helvetica, Arial, sans-serif\">\n\
             <title>The status page of vendor-auth serve</title>\n<style>\n{style}</style>\n\
             <rect class=\"page\" width=\"100%\" height=\"100%\" rx=\"8\"/>\n{cards}{content}</svg>\n"
        )
    }
}

impl<'a> Run<'a> {
    fn plain(text: &'a str) -> Self {
        let class = String::new();
        Self { text, class }
    }

    fn words(&self) -> impl Iterator<Item = Run<'a>> {
        let words = self.text.split_inclusive(' ');
        words.map(|text| Run {
            text,
            class: self.class.clone(),
        })
    }
}

impl Setting {
    fn width(self, text: &str) -> u32 {
        let letters = u32::try_from(text.chars().count()).unwrap();
        letters * self.size * LETTER / 100
    }
}

/// Returns the text of an element, with the classes of its parts.
fn runs<'a>(node: Node<'a, '_>) -> Vec<Run<'a>> {
    let texts = node.descendants().filter(Node::is_text);
    let texts = texts.map(|text| {
        let element = text.parent().unwrap();
        let class = match element.tag_name().name() {
            "a" => "link",
            "code" => "code",
            "span" => element.attribute("class").unwrap(),
            "time" if node.has_tag_name("dd") => "quiet",
            _ => "",
        };
        Run {
            text: text.text().unwrap(),
            class: class.to_owned(),
        }
    });
    texts.collect()
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;")
}
