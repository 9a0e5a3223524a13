//! Exchanging files while they are in use, and installing them.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use guestlog::geo::{Geo, INSTALLED_MAX, InstallError, Reloaded, install};

use super::{NOW, country_map, ip, options};

const UNCHANGED: Reloaded = Reloaded { taken: 0, refused: 0, dropped: 0 };
const TAKEN: Reloaded = Reloaded { taken: 1, refused: 0, dropped: 0 };
const REFUSED: Reloaded = Reloaded { taken: 0, refused: 1, dropped: 0 };

#[test]
fn a_changed_file_is_taken_and_an_unchanged_one_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (path, new) = (dir.path().join("a.mmdb"), dir.path().join("new"));
    fs::write(&path, country_map("NL").bytes()).unwrap();
    let geo = Geo::open(&[options(&path)], dir.path());
    assert_eq!(geo.reload_changed(), UNCHANGED);
    // Same size, put in place by renaming: only the inode and the date differ.
    fs::write(&new, country_map("BE").bytes()).unwrap();
    fs::rename(&new, &path).unwrap();
    assert_eq!(geo.reload_changed(), TAKEN);
    assert_eq!(geo.lookup(ip("192.0.2.1")).country, "BE");
    assert_eq!(geo.reload_changed(), UNCHANGED);
}

#[test]
fn a_damaged_file_never_replaces_a_good_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.mmdb");
    let good = country_map("NL").bytes();
    fs::write(&path, &good).unwrap();
    let geo = Geo::open(&[options(&path)], dir.path());
    let cut_in_place = || fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(100).unwrap();
    let damages: [(&dyn Fn(), &str); 5] = [
        (&cut_in_place, "damaged"),
        (&|| fs::write(&path, "").unwrap(), "empty"),
        (&|| fs::write(&path, "not a map").unwrap(), "damaged"),
        (&|| fs::File::create(&path).unwrap().set_len(5 << 30).unwrap(), "larger than"),
        (&|| fs::remove_file(&path).unwrap(), "cannot be read"),
    ];
    for (damage, said) in damages {
        damage();
        assert_eq!(geo.reload_changed(), REFUSED, "{said}");
        assert_eq!(geo.lookup(ip("192.0.2.1")).country, "NL", "{said}");
        let [status] = geo.status(NOW).try_into().unwrap();
        assert!(status.in_use && status.content.is_some(), "{said}");
        assert!(status.error.as_ref().unwrap().contains(said), "{status:?}");
    }
    fs::write(&path, country_map("FR").bytes()).unwrap();
    assert_eq!(geo.reload_changed(), TAKEN);
    assert_eq!(geo.lookup(ip("192.0.2.1")).country, "FR");
    assert_eq!(geo.status(NOW)[0].error, None);
}

#[test]
fn a_damaged_file_is_not_read_again_until_it_changes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.mmdb");
    fs::write(&path, "no map").unwrap();
    let geo = Geo::open(&[options(&path)], dir.path());
    assert_eq!(geo.reload_changed(), UNCHANGED);
    assert!(geo.status(NOW)[0].error.is_some());
}

#[test]
fn lookups_go_on_while_maps_are_exchanged() {
    let dir = tempfile::tempdir().unwrap();
    let (path, new) = (dir.path().join("a.mmdb"), dir.path().join("new"));
    let contents = ["NL", "BE"].map(|code| country_map(code).bytes());
    fs::write(&path, &contents[0]).unwrap();
    let geo = Geo::open(&[options(&path)], dir.path());
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut asked = 0;
            while !stop.load(Ordering::Relaxed) {
                let country = geo.lookup(ip("192.0.2.1")).country;
                assert!(country == "NL" || country == "BE", "{country:?}");
                asked += 1;
            }
            asked
        });
        for round in 0..1_000 {
            match round % 3 {
                2 => fs::write(&new, &contents[0][..50]).unwrap(),
                good => fs::write(&new, &contents[good]).unwrap(),
            }
            fs::rename(&new, &path).unwrap();
            geo.reload_changed();
        }
        stop.store(true, Ordering::Relaxed);
        assert!(reader.join().unwrap() > 100);
    });
}

#[test]
fn an_installed_map_is_used_after_the_next_reload_and_dropped_when_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let data_dir = dir.path().join("data");
    let source = dir.path().join("Country-2026.mmdb");
    fs::write(&source, country_map("NL").bytes()).unwrap();
    let geo = Geo::open(&[], &data_dir);
    assert!(geo.status(NOW).is_empty());
    let (path, content) = install(&source, &data_dir, NOW).unwrap();
    assert_eq!(path, data_dir.join("maps/Country-2026.mmdb"));
    assert_eq!((content.facts.as_slice(), content.age_days), (["country"].as_slice(), 14));
    assert_eq!(geo.reload_changed(), TAKEN);
    assert_eq!(geo.lookup(ip("192.0.2.1")).country, "NL");

    fs::write(&source, country_map("BE").bytes()).unwrap();
    install(&source, &data_dir, NOW).unwrap();
    assert_eq!(geo.reload_changed(), TAKEN);
    assert_eq!(geo.lookup(ip("192.0.2.1")).country, "BE");

    fs::remove_file(&path).unwrap();
    assert_eq!(geo.reload_changed(), Reloaded { dropped: 1, ..UNCHANGED });
    assert!(geo.lookup(ip("192.0.2.1")).is_empty());
}

#[test]
fn a_file_that_is_no_map_is_not_installed() {
    let dir = tempfile::tempdir().unwrap();
    let source = dir.path().join("a.mmdb");
    fs::write(&source, country_map("NL").bytes()).unwrap();
    install(&source, dir.path(), NOW).unwrap();
    fs::write(&source, "no map").unwrap();
    let error = install(&source, dir.path(), NOW).unwrap_err();
    assert!(error.to_string().starts_with("the file is damaged or not a map file"), "{error}");
    assert_eq!(Geo::open(&[], dir.path()).lookup(ip("192.0.2.1")).country, "NL", "the one before stays");
    assert!(matches!(install(&dir.path().join("no name.mmdb"), dir.path(), NOW), Err(InstallError::Name(_))));
    let left: Vec<_> = fs::read_dir(dir.path().join("maps")).unwrap().collect();
    assert_eq!(left.len(), 1);
}

#[test]
fn a_copy_that_cannot_be_written_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let source = dir.path().join("a.mmdb");
    fs::write(&source, country_map("NL").bytes()).unwrap();
    let blocked = dir.path().join("file");
    fs::write(&blocked, "").unwrap();
    assert!(matches!(install(&source, &blocked, NOW), Err(InstallError::Write { .. })));
}

#[test]
fn configured_maps_win_over_installed_ones_and_unfinished_copies_are_not_opened() {
    let dir = tempfile::tempdir().unwrap();
    let maps = dir.path().join("maps");
    fs::create_dir(&maps).unwrap();
    for (name, code) in [("b.mmdb", "BE"), (".c.mmdb", "FR"), ("d.mmdb.tmp", "FR"), (".d.1.tmp", "FR")] {
        fs::write(maps.join(name), country_map(code).bytes()).unwrap();
    }
    let configured = dir.path().join("z.mmdb");
    fs::write(&configured, country_map("NL").bytes()).unwrap();
    let geo = Geo::open(&[options(&configured)], dir.path());
    let paths: Vec<_> = geo.status(NOW).into_iter().map(|status| status.path).collect();
    assert_eq!(paths, [configured, maps.join("b.mmdb")]);
    assert_eq!(geo.lookup(ip("192.0.2.1")).country, "NL");
}

#[test]
fn installed_maps_are_opened_up_to_the_limit() {
    let dir = tempfile::tempdir().unwrap();
    let maps = dir.path().join("maps");
    fs::create_dir(&maps).unwrap();
    for number in 0..INSTALLED_MAX {
        fs::write(maps.join(format!("{number:02}.mmdb")), country_map("NL").bytes()).unwrap();
    }
    let geo = Geo::open(&[], dir.path());
    assert_eq!(geo.status(NOW).len(), INSTALLED_MAX);
    fs::write(maps.join("zz.mmdb"), country_map("NL").bytes()).unwrap();
    assert_eq!(geo.reload_changed(), UNCHANGED);
    assert_eq!(geo.status(NOW).len(), INSTALLED_MAX);
}
