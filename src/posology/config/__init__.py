"""Settings: posology.toml and the built-in profiles."""

from posology.addresses import Address
from posology.config.profiles import BUILT_IN_PROFILES
from posology.config.reference import ENVIRONMENT, settings_reference
from posology.config.settings import Settings, load_settings, settings_record
from posology.config.tables import OpenId, Part, Practice, Profile, Remote, Serve, is_npi

__all__ = [
    "BUILT_IN_PROFILES",
    "ENVIRONMENT",
    "Address",
    "OpenId",
    "Part",
    "Practice",
    "Profile",
    "Remote",
    "Serve",
    "Settings",
    "is_npi",
    "load_settings",
    "settings_record",
    "settings_reference",
]
