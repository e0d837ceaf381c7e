// Matrices and vectors of numbers in .csv and .npy files.
#pragma once

#include <Eigen/Core>
#include <filesystem>
#include <string_view>

namespace crossloop::cli {

/// Throws InputError unless the suffix is .csv or .npy; `option` is named in the message.
void check_matrix_name(std::string_view option, const std::filesystem::path& path);

/// Reads a matrix. A .csv file has one line of text for each row, with as many numbers in each,
/// separated by commas: a sign, digits with a decimal point and an exponent, or nan, inf. Spaces
/// and tabs around a number do not count, nor do blank lines and lines that begin with `#`. A .npy
/// file has two axes of float32 or float64. Throws InputError naming the file, and line and place
/// in it, of what is wrong: no number, lines of different length, no values at all, another rank
/// or type, another suffix.
Eigen::MatrixXd read_matrix(const std::filesystem::path& path);

/// Reads a vector: a file as above with one row or one column, or a .npy file with one axis.
Eigen::VectorXd read_vector(const std::filesystem::path& path);

/// Writes what read_matrix() reads, every bit kept (.npy: float64), whole or not at all.
void write_matrix(const std::filesystem::path& path,
                  const Eigen::Ref<const Eigen::MatrixXd>& matrix);

}  // namespace crossloop::cli
