//! Every row of the acceptance list names tests that exist.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

pub(super) fn sources(directory: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_none_or(|name| name != "target") {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    found
}

#[test]
fn every_row_names_tests_that_exist() {
    let mut functions = HashSet::new();
    for directory in ["auth-core/src", "tests", "examples"] {
        for (_, text) in sources(&root().join(directory)) {
            for (index, _) in text.match_indices("fn ") {
                let name = text[index + 3..].split(|character: char| !character.is_alphanumeric() && character != '_');
                functions.insert(name.into_iter().next().unwrap().to_owned());
            }
        }
    }
    let page = std::fs::read_to_string(root().join("auth-core/src/manual/acceptance.md")).unwrap();
    let mut rows = HashSet::new();
    for line in page
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| rows") && !line.starts_with("| cases"))
    {
        let mut cells = line.trim_matches('|').split('|');
        rows.extend(cells.next().unwrap().split(',').map(|row| row.trim().to_owned()));
        for name in cells.next().unwrap().split('`').skip(1).step_by(2) {
            assert!(functions.contains(name), "there is no test {name}");
        }
    }
    let listed = |letter: &str, numbers: &[u32]| {
        for number in numbers {
            assert!(
                rows.contains(&format!("{letter}{number}")),
                "{letter}{number} has no test"
            );
        }
    };
    listed(
        "S",
        &[
            5, 6, 7, 8, 9, 10, 11, 14, 15, 16, 17, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 32, 33, 34, 35, 36, 37,
            38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 59, 60,
        ],
    );
    listed("N", &(1..=50).collect::<Vec<_>>());
    listed("K", &(1..=16).collect::<Vec<_>>());
    listed("E", &[3, 4, 5, 7, 8, 9, 10, 13, 15, 16, 17, 19, 20, 22, 23]);
    listed("A", &(1..=28).chain([32]).collect::<Vec<_>>());
    listed("GA", &(1..=20).collect::<Vec<_>>());
    listed("GC", &(1..=44).collect::<Vec<_>>());
    listed("L", &[1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 17, 19, 20]);
    let statements = [
        1..=6,
        9..=12,
        14..=15,
        17..=28,
        30..=39,
        42..=42,
        44..=44,
        46..=57,
        60..=63,
        65..=71,
        72..=86,
        95..=95,
        97..=103,
    ];
    listed("", &statements.into_iter().flatten().collect::<Vec<u32>>());
    // SuperTokens' list goes to 183; its blocks leave numbers free.
    let token_rows = [
        1..=15,
        20..=31,
        40..=62,
        70..=90,
        100..=109,
        120..=126,
        130..=135,
        140..=146,
        160..=179,
        182..=183,
    ];
    let decision = root().join("auth-core/src/manual/decisions/0012-what-tokens-leave-out.md");
    let decision = std::fs::read_to_string(decision).unwrap();
    let elsewhere = [5, 6, 11, 134, 135, 144, 171, 175, 177, 178];
    for row in elsewhere {
        assert!(decision.contains(&format!("ST-{row:03}")), "ST{row} is not decided");
    }
    let token_rows = token_rows.into_iter().flatten();
    listed(
        "ST",
        &token_rows.filter(|row| !elsewhere.contains(row)).collect::<Vec<u32>>(),
    );
    listed("case ", &(1..=50).collect::<Vec<_>>());
    // GoTrue's list: sections, their rows, and those of later issues or of other tables.
    let of_gotrue: [(&str, u32, &[u32]); 8] = [
        ("6.2", 29, &[12]),
        ("6.3", 33, &[32]),
        ("6.4", 27, &[13, 14, 15, 16, 17, 26]),
        ("6.5", 16, &[]),
        ("6.6", 7, &[]),
        ("6.7", 33, &[]),
        ("6.9", 18, &[15, 17]),
        ("6.12", 15, &[4, 5, 15]),
    ];
    for (section, last, elsewhere) in of_gotrue {
        for row in (1..=last).filter(|row| !elsewhere.contains(row)) {
            assert!(
                rows.contains(&format!("G{section}-{row:02}")),
                "G{section}-{row:02} has no test"
            );
        }
    }
    for case in 1..=34 {
        let prefix = format!("at{case:02}_");
        assert!(
            functions.iter().any(|name| name.starts_with(&prefix)),
            "AT{case} is not in the suite"
        );
    }
}

#[test]
fn every_attack_of_the_threats_page_has_its_file() {
    let page = std::fs::read_to_string(root().join("auth-core/src/manual/threats.md")).unwrap();
    let mut named = HashSet::new();
    for line in page.lines().filter(|line| line.starts_with("| ")).skip(1) {
        let name = line.split('`').nth_back(1).unwrap();
        if let Some((file, function)) = name.split_once("::") {
            let file = root().join(format!("auth-core/src/adapters/fault_tests/{file}.rs"));
            let text = std::fs::read_to_string(&file).unwrap();
            assert!(text.contains(&format!("async fn {function}(")), "{name}");
            continue;
        }
        assert!(root().join(format!("tests/attacks/{name}.rs")).exists(), "{name}");
        named.insert(name.to_owned());
    }
    for (path, _) in sources(&root().join("tests/attacks")) {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(
            name == "mod" || named.contains(&name),
            "{name} is not on the threats page"
        );
    }
}
