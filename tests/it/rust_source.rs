//! What a Rust file names, found by parsing it: paths (also those in macros, attributes and `use` trees), text literals,
//! async code and public items without a doc comment.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Ident, Item, ItemUse, Lit, Meta, UseTree, Visibility};

/// A path, resolved: `self` and `super` are replaced, so its first segment is `crate`, another crate, or a local name.
pub(crate) type Path = Vec<String>;

/// What a file names.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Every path with at least two segments, and every path of a `use`.
    pub(crate) paths: BTreeSet<Path>,
    /// Names that the file brings into scope: its modules, and the last segments of its `use` trees.
    pub(crate) declared: BTreeSet<String>,
    /// Text literals, without doc comments.
    pub(crate) texts: BTreeSet<String>,
    /// Whether there is an `async` function, block or closure, or an `.await`.
    pub(crate) is_async: bool,
    /// Public functions and types without a doc comment.
    pub(crate) undocumented: Vec<String>,
}

impl Names {
    /// Parses a file. `module` is its place in its crate, such as `["domain", "credits"]`.
    pub(crate) fn of(source: &str, module: &[&str]) -> syn::Result<Self> {
        let file = syn::parse_file(source)?;
        let module = module.iter().map(|&name| name.to_owned()).collect();
        let mut reader = Reader { names: Self::default(), module };
        reader.visit_file(&file);
        Ok(reader.names)
    }
}

struct Reader {
    names: Names,
    /// The module that is being read, from the root of the crate.
    module: Vec<String>,
}

impl Reader {
    fn add_path(&mut self, segments: &[String]) {
        let mut path = match segments.first().map(String::as_str) {
            Some("self" | "super") => [vec!["crate".to_owned()], self.module.clone()].concat(),
            _ => Vec::new(),
        };
        for segment in segments {
            match segment.as_str() {
                // `super` above the root does not compile.
                "super" => drop(path.pop()),
                "self" => {}
                _ => path.push(segment.clone()),
            }
        }
        self.names.paths.insert(path);
    }

    fn add_use(&mut self, before: &[String], tree: &UseTree) {
        let with = |ident: &Ident| [before, &[ident.to_string()]].concat();
        match tree {
            UseTree::Path(path) => self.add_use(&with(&path.ident), &path.tree),
            UseTree::Name(name) => {
                let path = with(&name.ident);
                // `use a::b::{self}` brings `b`.
                self.names.declared.extend(path.iter().rfind(|segment| *segment != "self").cloned());
                self.add_path(&path);
            }
            UseTree::Rename(rename) => {
                self.names.declared.insert(rename.rename.to_string());
                self.add_path(&with(&rename.ident));
            }
            UseTree::Glob(_) => self.add_path(&[before, &["*".to_owned()]].concat()),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.add_use(before, tree)),
        }
    }

    /// Paths, texts and async code in the arguments of a macro or attribute, whose grammar is its own.
    fn add_tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut rest = tokens.as_slice();
        while let [first, after @ ..] = rest {
            rest = after;
            match first {
                TokenTree::Group(group) => self.add_tokens(group.stream()),
                TokenTree::Literal(literal) => self.visit_lit(&Lit::new(literal.clone())),
                TokenTree::Ident(ident) if ident == "use" => {
                    let length = after.iter().position(|token| is_punct(token, ';')).map_or(0, |end| end + 1);
                    let item = std::iter::once(first).chain(&after[..length]).cloned().collect();
                    if let Ok(item) = syn::parse2::<ItemUse>(item) {
                        self.visit_item_use(&item);
                        rest = &after[length..];
                    }
                }
                TokenTree::Ident(ident) => {
                    self.names.is_async |= ident == "async" || ident == "await";
                    let mut path = vec![name_of(ident)];
                    while let [colon, other, next, after @ ..] = rest
                        && is_punct(colon, ':')
                        && is_punct(other, ':')
                    {
                        match next {
                            TokenTree::Ident(ident) => path.push(name_of(ident)),
                            // A `use` tree with a part that only the macro's caller knows.
                            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                                path.push("*".to_owned());
                            }
                            _ => break,
                        }
                        rest = after;
                    }
                    if path.len() > 1 {
                        self.add_path(&path);
                    }
                }
                TokenTree::Punct(_) => {}
            }
        }
    }

    fn check_doc(&mut self, visibility: &Visibility, attributes: &[Attribute], name: &Ident) {
        let has_doc = attributes.iter().any(|attribute| attribute.path().is_ident("doc"));
        if matches!(visibility, Visibility::Public(_)) && !has_doc {
            self.names.undocumented.push(name.to_string());
        }
    }
}

fn is_punct(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == character)
}

fn name_of(ident: &Ident) -> String {
    ident.to_string().trim_start_matches("r#").to_owned()
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast Item) {
        match item {
            Item::Enum(item) => self.check_doc(&item.vis, &item.attrs, &item.ident),
            Item::Fn(item) => self.check_doc(&item.vis, &item.attrs, &item.sig.ident),
            Item::Struct(item) => self.check_doc(&item.vis, &item.attrs, &item.ident),
            Item::Trait(item) => self.check_doc(&item.vis, &item.attrs, &item.ident),
            Item::Type(item) => self.check_doc(&item.vis, &item.attrs, &item.ident),
            Item::Union(item) => self.check_doc(&item.vis, &item.attrs, &item.ident),
            _ => {}
        }
        visit::visit_item(self, item);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.check_doc(&function.vis, &function.attrs, &function.sig.ident);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        self.names.declared.insert(module.ident.to_string());
        self.module.push(module.ident.to_string());
        visit::visit_item_mod(self, module);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.add_use(&[], &item.tree);
    }

    fn visit_item_extern_crate(&mut self, item: &'ast syn::ItemExternCrate) {
        self.add_path(&[item.ident.to_string()]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            let segments: Vec<_> = path.segments.iter().map(|segment| name_of(&segment.ident)).collect();
            self.add_path(&segments);
        }
        visit::visit_path(self, path);
    }

    /// `pub(in crate::store)` uses nothing.
    fn visit_vis_restricted(&mut self, _: &'ast syn::VisRestricted) {}

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.visit_path(&call.path);
        self.add_tokens(call.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        match &attribute.meta {
            Meta::List(list) => {
                self.visit_path(&list.path);
                self.add_tokens(list.tokens.clone());
            }
            meta if meta.path().is_ident("doc") => {}
            _ => visit::visit_attribute(self, attribute),
        }
    }

    fn visit_lit_str(&mut self, text: &'ast syn::LitStr) {
        // `#[serde(with = "crate::…")]` names a path in a text.
        if text.value().contains("::")
            && let Ok(path) = text.parse::<syn::Path>()
        {
            self.visit_path(&path);
        }
        self.names.texts.insert(text.value());
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        self.names.is_async |= signature.asyncness.is_some();
        visit::visit_signature(self, signature);
    }

    fn visit_expr_async(&mut self, block: &'ast syn::ExprAsync) {
        self.names.is_async = true;
        visit::visit_expr_async(self, block);
    }

    fn visit_expr_closure(&mut self, closure: &'ast syn::ExprClosure) {
        self.names.is_async |= closure.asyncness.is_some();
        visit::visit_expr_closure(self, closure);
    }

    fn visit_expr_await(&mut self, expression: &'ast syn::ExprAwait) {
        self.names.is_async = true;
        visit::visit_expr_await(self, expression);
    }
}
