use super::*;

#[test]
fn judges_rows() {
    let mut alike = Alike::new(&Config::of(r#"{"characters_min":3,"dot_min":0.5}"#)).unwrap();
    let (x, y, z) = ([1.0, 0.0, 0.0, 0.0], [0.6, 0.8, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]);
    for (question, answer, a, b, want) in [
        ("Why?", "Because.", x, y, Verdict::keep(0.6)),
        ("Why?", "So", x, y, Verdict::drop(SHORT, 0.6)),
        ("да", "Because.", x, x, Verdict::drop(SHORT, 1.0)),
        ("Why?", "Because.", x, z, Verdict::drop(APART, 0.0)),
    ] {
        let row = Row { question, answer, question_embedding: &a, answer_embedding: &b, ..Row::default() };
        assert_eq!(alike.row(&row), want, "{question} {answer}");
    }
}

#[test]
fn dot_is_finite() {
    let big = [f32::MAX, f32::MAX, 1.0, 1.0];
    assert_eq!(dot::dot(&big, &big), 1.0);
    assert_eq!(dot::dot(&big, &[f32::MIN, f32::MAX, 1.0, 1.0]), -1.0);
}
