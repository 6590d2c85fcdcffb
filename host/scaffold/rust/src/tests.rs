use super::*;

#[test]
fn drops_short_answers() {
    let mut short = Short::new(&Config::of(r#"{"answer_min":5}"#)).unwrap();
    for (answer, want) in [
        ("Yes.", Verdict::drop(ANSWER_SHORT, 4.0)),
        ("Да-да", Verdict::keep(5.0)),
        ("", Verdict::drop(ANSWER_SHORT, 0.0)),
    ] {
        let row = Row {
            question: "Really?",
            answer,
            ..Row::default()
        };
        assert_eq!(short.row(&row), want, "{answer}");
    }
}

#[test]
fn refuses_options_of_another_type() {
    assert!(Short::new(&Config::of(r#"{"answer_min":"five"}"#)).is_err());
}
