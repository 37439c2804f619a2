//! What other languages bring: pinned, installed once, into the target folder.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// A folder with the packages of `tests/gotrue-js/package-lock.json`, and its programs.
pub(crate) fn node() -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("gotrue-js");
    let lock = fs::read_to_string(source.join("package-lock.json")).unwrap();
    let folder = installed("node", &lock, |folder| {
        for name in ["package.json", "package-lock.json"] {
            fs::copy(source.join(name), folder.join(name)).unwrap();
        }
        let flags = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
        run(Command::new("npm").args(flags).current_dir(folder), "npm");
    });
    for entry in fs::read_dir(&source).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "mjs") {
            fs::copy(&path, folder.join(path.file_name().unwrap())).unwrap();
        }
    }
    folder
}

/// The folder of a Python with the packages of `tests/clients/requirements.txt`.
pub(crate) fn python() -> PathBuf {
    let requirements = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/requirements.txt");
    let pinned = fs::read_to_string(&requirements).unwrap();
    installed("python", &pinned, |folder| {
        run(
            Command::new("python3").args(["-m", "venv", "."]).current_dir(folder),
            "python3",
        );
        let flags = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
        run(
            Command::new(folder.join("bin/python")).args(flags).arg(&requirements),
            "pip",
        );
    })
    .join("bin")
}

/// A folder below the target folder in which `install` has been, for exactly these versions. One test at a time, in one
/// process or several.
fn installed(name: &str, versions: &str, install: impl FnOnce(&Path)) -> PathBuf {
    // target/debug/deps/clients-… → target
    let tests = std::env::current_exe().unwrap();
    let folder = tests.ancestors().nth(3).unwrap().join("tools").join(name);
    fs::create_dir_all(&folder).unwrap();
    let lock = File::create(folder.join(".lock")).unwrap();
    lock.lock().unwrap();
    let stamp = folder.join(".installed");
    if fs::read_to_string(&stamp).is_ok_and(|there| there == versions) {
        return folder;
    }
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            fs::remove_dir_all(path).unwrap();
        }
    }
    install(&folder);
    fs::write(stamp, versions).unwrap();
    folder
}

/// Runs a program to its good end.
pub(crate) fn run(command: &mut Command, name: &str) -> Output {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{name} is needed for this test: {error}"));
    let told = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{command:?}\n{}\n{}",
        told(&output.stdout),
        told(&output.stderr)
    );
    output
}
