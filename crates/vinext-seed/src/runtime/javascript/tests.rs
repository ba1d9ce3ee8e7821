//! Tests of the JavaScript reader, which must never panic.

use proptest::prelude::*;

use super::*;

fn value_of(expression: &str) -> Value {
    let files = [SourceFile {
        path: "index.js".to_owned(),
        code: expression.to_owned(),
    }];
    evaluate(&Program::new(&files), TokenPosition { file: 0, index: 0 })
}

fn string(text: &str) -> Value {
    Value::String(text.to_owned())
}

/// The tokens of code, separated by spaces.
fn split(code: &str) -> Result<String, String> {
    let tokens = tokens::Tokens::of(code).map_err(|problem| problem.to_string())?;
    let all: Vec<&str> = (0..tokens.len()).map(|index| tokens.text(index)).collect();
    Ok(all.join(" "))
}

#[test]
fn distinguishes_regular_expressions_from_divisions() {
    for (code, expected) in [
        ("a/b/c", "a / b / c"),
        ("a=/b/g", "a = /b/g"),
        ("f(/[/\"]/.test(x))", "f ( /[/\"]/ . test ( x ) )"),
        ("(a)/2/b", "( a ) / 2 / b"),
        ("if(a)/'/.test(b)", "if ( a ) /'/ . test ( b )"),
        ("x.if(a)/2/b", "x . if ( a ) / 2 / b"),
        ("return/'/", "return /'/"),
        ("of/2/'x'", "of / 2 / 'x'"),
        ("{}/'/.test(a)", "{ } /'/ . test ( a )"),
        ("a[0]/2/b", "a [ 0 ] / 2 / b"),
        ("`a`/2/b", "`a` / 2 / b"),
        ("i++/2", "i ++ / 2"),
        ("a?.5/2:/`/", "a ? .5 / 2 : /`/"),
        ("1e-3/2", "1e-3 / 2"),
        ("a=>/'/", "a => /'/"),
    ] {
        assert_eq!(split(code).as_deref(), Ok(expected));
    }
}

#[test]
fn splits_templates_and_comments() {
    for (code, expected) in [
        ("`a${b}c${`d${e}`}f`", "`a${ b }c${ `d${ e }` }f`"),
        ("`\\`${{a:1}}`", "`\\`${ { a : 1 } }`"),
        ("`$${a}$`", "`$${ a }$`"),
        ("a/*'*//b//'\nc", "a / b c"),
        ("#!/bin/node '\na", "a"),
        ("'\\'' \"a\\\nb\"", "'\\'' \"a\\\nb\""),
        ("a?.b??c??=d**=e", "a ?. b ?? c ??= d **= e"),
        ("\u{feff}a=\u{a0}1", "a = 1"),
    ] {
        assert_eq!(split(code).as_deref(), Ok(expected), "{code}");
    }
}

#[test]
fn rejects_invalid_javascript() {
    for code in [
        "'", "\"a\nb\"", "`", "`${", "`${a", "(", ")", "(]", "{`${}}`", "/a", "/[/]", "/* ",
        "\u{1}",
    ] {
        assert!(split(code).is_err(), "{code}");
    }
}

#[test]
fn evaluates_constant_expressions() {
    for (expression, expected) in [
        ("'a'+1+`b${2}`", string("a1b2")),
        ("60*60*24/2-1", Value::Number(43199.0)),
        ("-(1+1)", Value::Number(-2.0)),
        ("0x10", Value::Number(16.0)),
        ("1_000.5", Value::Number(1000.5)),
        ("!0", Value::Boolean(true)),
        ("void 0", Value::Undefined),
        ("null", Value::Null),
        (
            r#""\x41\u00fc\u{1f600}\ud83d\ude00\
\n""#,
            string("Aü😀😀\n"),
        ),
        ("({a:'x'}).a", Value::Unknown),
        ("1n", Value::Unknown),
        ("a", Value::Unknown),
        ("'a'||'b'", Value::Unknown),
        ("'a'.length", Value::Unknown),
        ("'\\ud800'", Value::Unknown),
        ("(1,2)", Value::Unknown),
        ("f`a`", Value::Unknown),
    ] {
        assert_eq!(value_of(expression), expected, "{expression}");
    }
}

#[test]
fn deep_nesting_and_cycles_are_unknown() {
    assert_eq!(
        value_of(&format!("{}1{}", "(".repeat(10_000), ")".repeat(10_000))),
        Value::Unknown
    );
    let files = [SourceFile {
        path: "index.js".to_owned(),
        code: "x(a);var a=b+1,b=a+1;".to_owned(),
    }];
    assert_eq!(
        evaluate(&Program::new(&files), TokenPosition { file: 0, index: 2 }),
        Value::Unknown
    );
}

proptest! {
    #[test]
    fn reads_any_input_without_a_panic(code in "[a-z0-9 \n'\"`${}()\\[\\]/\\\\=,;:.?>+*!éimportvarconstfunctionclassexportasfrom]{0,200}") {
        read_everything(&code);
    }
}

/// Asks about every token of some code.
fn read_everything(code: &str) {
    let files = [SourceFile {
        path: "index.js".to_owned(),
        code: code.to_owned(),
    }];
    let program = Program::new(&files);
    let Some(module) = program.module(0) else {
        return;
    };
    for index in 0..=module.tokens.len() {
        let position = TokenPosition { file: 0, index };
        evaluate(&program, position);
        program.definition(position);
        module.tokens.enclosing(index);
        assert!(module.tokens.skip(index) > index);
    }
    program.default_export(0);
}
