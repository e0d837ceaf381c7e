// What the parts of a crossbar accelerator cost, as configs/components/*.toml describe them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "host/analog/adc_energy.hpp"

namespace crossloop::analog {

/// The table that estimates are made from where none is named.
inline constexpr const char* kDefaultComponents = "isaac";

/// Power, while it is read, and area of one array of side x side cells.
struct ArrayFigure {
  int side = 0;  ///< word lines and bit lines
  double power_mw = 0.0;
  double area_um2 = 0.0;
};

/// A part that is charged per event.
struct EventFigure {
  double energy_pj = 0.0;  ///< per event, or per bit
  double area_um2 = 0.0;   ///< of one
};

/// A memory or link that moves whole words.
struct WordFigure {
  int bits = 256;          ///< of one access or flit
  double energy_pj = 0.0;  ///< per access or flit
  double area_um2 = 0.0;   ///< of one
};

/// How many of a part stand together.
struct Organisation {
  int adcs_per_crossbar = 1;
  int crossbars_per_shift_add = 1;
  int crossbars_per_ima = 8;  ///< share an input and an output register
  int imas_per_tile = 12;     ///< share an eDRAM and a bus
  int tiles_per_router = 4;
};

/// One accelerator's parts. Published figures, not measurements of this project's RTL.
struct ComponentTable {
  std::string name;
  std::string source;  ///< publication, in one line
  Organisation organisation;
  AdcAnchor adc;
  EventFigure dac;                  ///< per word line and phase; one per word line
  EventFigure sample_hold;          ///< per bit line and phase; one per bit line
  std::vector<ArrayFigure> arrays;  ///< at least one, by rising side
  double read_ns = 100.0;           ///< time one array needs for one phase
  EventFigure shift_add;            ///< per operation
  EventFigure input_register;       ///< per bit read; one in an IMA
  EventFigure output_register;      ///< per accumulation; one in an IMA
  WordFigure edram;                 ///< one in a tile
  EventFigure bus;                  ///< per bit moved; one in a tile
  WordFigure router;
  double tile_logic_um2 = 0.0;  ///< the other logic of a tile
};

/// The figure of an array, and how it was come by.
struct ArrayChoice {
  ArrayFigure from;        ///< the entry used
  bool scaled = false;     ///< no entry is of this size: scaled by the number of cells
  double energy_pj = 0.0;  ///< one read of all rows for read_ns
  double area_um2 = 0.0;
};

/// The entry of rows x columns, else the one nearest in cells, scaled by cells.
ArrayChoice array_of(const ComponentTable& table, int rows, int columns);

/// Reads a component file, strictly. Throws InputError naming key, line and allowed range.
ComponentTable read_components(const std::filesystem::path& path);

/// Reads `name_or_path`: an existing file, else `config_root`/configs/components/NAME.toml.
/// Throws InputError listing the tables.
ComponentTable find_components(const std::string& name_or_path,
                               const std::filesystem::path& config_root);

}  // namespace crossloop::analog
