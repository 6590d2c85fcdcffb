//! Reads datasets with arrow-rs and compares every value with the Go reader's.
//!
//! usage: arrowrs ROOT PROFILE…
//!
//! The line that makes x is that of formats/README.md.

use std::{error::Error, fs, fs::File, path::Path, process::ExitCode};

use arrow_array::{cast::AsArray, types::Float32Type};
use arrow_schema::DataType;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

fn main() -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    let args: Vec<String> = std::env::args().collect();
    for profile in &args[2..] {
        match compare(&Path::new(&args[1]).join(profile)) {
            Ok(()) => println!("ok {profile}: arrow-rs"),
            Err(e) => {
                println!("FAIL {profile}: arrow-rs: {e}");
                code = ExitCode::FAILURE;
            }
        }
    }
    code
}

fn compare(dir: &Path) -> Result<(), Box<dyn Error>> {
    let mut parts =
        fs::read_dir(dir.join("first-dataset/data"))?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, std::io::Error>>()?;
    parts.sort();
    let mut found = Vec::new();
    for part in parts {
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(part)?)?;
        let field = reader.schema().field_with_name("question_embedding")?.clone();
        if !matches!(field.data_type(), DataType::FixedSizeList(_, 768)) || field.extension_type_name() != Some("arrow.fixed_shape_tensor")
        {
            return Err(format!("the column is {field}").into());
        }
        for batch in reader.build()? {
            let batch = batch?;
            let x = batch["question_embedding"].as_fixed_size_list().values().as_primitive::<Float32Type>().values();
            found.extend(x.iter().flat_map(|v| v.to_le_bytes()));
        }
    }
    if found != fs::read(dir.join("expected/question_embedding.f32"))? {
        return Err("values differ from the Go reader's".into());
    }
    Ok(())
}
